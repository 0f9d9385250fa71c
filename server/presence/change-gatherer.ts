import { BOUNDS } from '../../shared/limits.js';
import type { User } from '../../shared/protocol.js';
import type { Clock } from '../observe/clock.js';
import type { PresenceChange } from './presence-store.js';

export interface ChangeGathererOptions {
  /** Between two calls of `emit` at the least. */
  readonly coalesceMs: number;
  readonly clock: Clock;
  readonly emit: (change: PresenceChange) => void;
}

/**
 * Gathers a room's changes into few: the first after a quiet time goes with the next timer, later ones wait. Who came and went between two is in neither. Where
 * more users came and went than a roster has, only the count is told [P97].
 */
export class ChangeGatherer {
  readonly #options: ChangeGathererOptions;
  readonly #joined = new Map<string, User>();
  readonly #left = new Map<string, User>();
  #count = 0;
  #toldCount: number | undefined;
  #quietFrom = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: ChangeGathererOptions) {
    this.#options = options;
  }

  /** @param count distinct users after the change */
  add({ joined, left, count }: PresenceChange): void {
    for (const user of joined) if (!this.#left.delete(user.id)) this.#joined.set(user.id, user);
    for (const user of left) if (!this.#joined.delete(user.id)) this.#left.set(user.id, user);
    this.#count = count;
    const { clock } = this.#options;
    this.#cancel ??= clock.after(Math.max(0, this.#quietFrom - clock.now()), () => this.#emit());
  }

  close(): void {
    this.#cancel?.();
  }

  #emit(): void {
    this.#cancel = undefined;
    const named = this.#joined.size + this.#left.size;
    if (named === 0 && (this.#toldCount ?? this.#count) === this.#count) return;
    // It goes to everybody in the room: a crowd's names to a crowd would be too much.
    const tellsNames = named <= BOUNDS.rosterUsers;
    const joined = tellsNames ? [...this.#joined.values()] : [];
    const left = tellsNames ? [...this.#left.values()] : [];
    this.#joined.clear();
    this.#left.clear();
    this.#toldCount = this.#count;
    this.#quietFrom = this.#options.clock.now() + this.#options.coalesceMs;
    this.#options.emit({ joined, left, count: this.#count });
  }
}
