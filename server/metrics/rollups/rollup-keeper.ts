import type { RoomName } from '../../../shared/rooms.js';
import type { RoomLog } from '../../log/room-log.js';
import type { Clock } from '../../observe/clock.js';
import type { RollupLevel } from './rollup-levels.js';
import { rollUp } from './rollup-pass.js';
import type { RollupStore } from './rollup-store.js';

export interface RollupKeeperOptions {
  readonly log: Pick<RoomLog, 'read'>;
  readonly store: RollupStore;
  readonly levels: readonly RollupLevel[];
  readonly clock: Clock;
  /** Milliseconds between two passes, on average: instances that share rooms should not meet. Default 10,000. */
  readonly passMs?: number;
  readonly random?: () => number;
  readonly onFault: (error: unknown, room: RoomName) => void;
}

/** Passes over one room in a row: one that others are always faster in can wait for the next time. */
const PASSES = 1_000;
/** Rooms that are rolled up at a time. */
const ROOMS_AT_A_TIME = 4;

/**
 * Rolls up the rooms that this instance wrote to, some seconds later. Several instances may do so for one room: an entry is counted
 * once, and most often read once. What a crash kept from being rolled up is still in the log, and is with the next pass.
 */
export class RollupKeeper {
  readonly #options: Required<RollupKeeperOptions>;
  readonly #running = new Map<RoomName, Promise<void>>();
  #touched = new Set<RoomName>();
  #disarm: (() => void) | undefined;
  #passing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: RollupKeeperOptions) {
    this.#options = { passMs: 10_000, random: Math.random, ...options };
  }

  /** Something was written to the room. */
  touch(room: RoomName): void {
    if (this.#closed || this.#options.levels.length === 0) return;
    this.#touched.add(room);
    const { clock, passMs, random } = this.#options;
    this.#disarm ??= clock.after(passMs * (0.75 + random() / 2), () => {
      this.#passing = this.#pass();
    });
  }

  /**
   * Resolves when the roll-ups have all that the room's log had when this was called.
   * @throws HubError as the log and the store
   */
  async catchUp(room: RoomName): Promise<void> {
    await this.#running.get(room);
    let running = this.#running.get(room);
    if (!running) {
      running = this.#rollUp(room).finally(() => this.#running.delete(room));
      this.#running.set(room, running);
    }
    await running;
  }

  /** Rolls up what is left. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#disarm?.();
    await this.#passing;
    await this.#passOver([...this.#touched]);
  }

  async #pass(): Promise<void> {
    const rooms = [...this.#touched];
    this.#touched = new Set();
    await this.#passOver(rooms);
    this.#disarm = undefined;
    for (const room of this.#touched) this.touch(room);
  }

  /** Those that one fault kept from being rolled up wait for the next pass: a store that is away is not asked about each room. */
  async #passOver(rooms: RoomName[]): Promise<void> {
    const worker = async () => {
      for (let room = rooms.shift(); room; room = rooms.shift()) {
        const failed = room;
        await this.catchUp(room).catch((error) => {
          for (const rest of [...rooms.splice(0), failed]) this.#touched.add(rest);
          this.#options.onFault(error, failed);
        });
      }
    };
    await Promise.all(Array.from({ length: ROOMS_AT_A_TIME }, worker));
  }

  async #rollUp(room: RoomName): Promise<void> {
    const { log, store, levels, clock } = this.#options;
    for (let passes = 0; passes < PASSES; passes++) {
      if (!(await rollUp({ log, store, levels, room, now: clock.now() }))) return;
    }
  }
}
