import { setTimeout as delay } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import type { WaitingAppend, WaitingAppends } from './lmdb-waiting-appends.js';
import type { Appended, AppendWaiter } from './room-log.js';

export interface LmdbCommitsOptions {
  readonly appends: WaitingAppends;
  /** A commit is due even where nothing waits. */
  isDue(): boolean;
  /** Stores a batch in one transaction and gives what became of each; undefined where what it comes after is not there. */
  store(batch: readonly WaitingAppend[]): Promise<readonly (Appended | undefined)[]>;
  /** Makes of what `store` threw what the waiters are told. */
  faultOf(error: unknown): Promise<HubError>;
  /** An append was stored; its waiter is told next. */
  onStored(append: WaitingAppend, appended: Appended): void;
  onFault(error: unknown, room?: RoomName): void;
  /** An append that is not on disk after this long is refused. */
  readonly commitTimeoutMs: number;
  /** A commit waits so long at most while each turn brings more appends. */
  readonly gatherMs: number;
  /** Between the end of a commit and the next one, at least. */
  readonly pauseMs: number;
}

/** In the place of a waiter that was told that the disk hangs. */
const NOBODY: AppendWaiter = { appended: () => {}, refused: () => {} };
const APPENDS_PER_COMMIT = 4_000;
/** The time of a commit is counted in looks: a process that was too busy to look knows nothing of the disk, and counts one. */
const STALL_LOOKS = 3;

/** Commits what waits, one batch after another. Appends that come while a commit is under way share the next one. */
export class LmdbCommits {
  #running: Promise<void> | undefined;
  #isStalled = false;
  #committedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: LmdbCommitsOptions) {}

  /** The disk did not take a commit in time, and has not answered yet. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Something waits, or is due. */
  begin(): void {
    this.#running ??= this.#run();
  }

  /** Resolves once nothing waits and nothing is due. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { appends, isDue } = this.options;
    do {
      await this.#gather();
      await this.#commit(appends.take(APPENDS_PER_COMMIT));
      this.#committedAt = performance.now();
    } while (appends.size > 0 || isDue());
    this.#running = undefined;
  }

  /** Until a turn brings nothing more: a commit costs much the same for one append as for many. */
  async #gather(): Promise<void> {
    const { appends, pauseMs, gatherMs } = this.options;
    const early = this.#committedAt + pauseMs - performance.now();
    if (early > 0) await delay(early);
    const until = performance.now() + gatherMs;
    let had: number;
    do {
      had = appends.size;
      await new Promise((resolve) => setImmediate(resolve));
    } while (appends.size > had && appends.size < APPENDS_PER_COMMIT && performance.now() < until);
  }

  async #commit(batch: readonly WaitingAppend[]): Promise<void> {
    const { appends, store, faultOf, onFault, commitTimeoutMs } = this.options;
    let looks = 0;
    const stall = setInterval(() => {
      if (++looks === STALL_LOOKS) this.#stall(batch);
    }, commitTimeoutMs / STALL_LOOKS);
    try {
      const appended = await store(batch);
      for (let i = 0; i < batch.length; i++) this.#settle(batch[i]!, appended[i]);
    } catch (error) {
      const fault = await faultOf(error);
      onFault(fault);
      for (const one of batch) this.#tell(one, fault);
    } finally {
      appends.release(batch);
      clearInterval(stall);
      this.#isStalled = false;
    }
  }

  /** The disk hangs. Whether this batch gets stored nobody knows; what waits behind it is not. */
  #stall(batch: readonly WaitingAppend[]): void {
    this.#isStalled = true;
    const { appends, commitTimeoutMs } = this.options;
    const behind = appends.take(appends.size);
    appends.release(behind);
    const hangs = `The disk did not take the message within ${commitTimeoutMs} ms`;
    for (const one of batch) {
      this.#tell(one, new HubError('timeout', `${hangs}; it may be stored.`));
      one.waiter = NOBODY;
    }
    for (const one of behind) this.#tell(one, new HubError('unavailable', `${hangs}; nothing was stored.`));
  }

  #settle(one: WaitingAppend, appended: Appended | undefined): void {
    if (appended) this.options.onStored(one, appended);
    this.#tell(one, appended ?? new HubError('out_of_order'));
  }

  /** What a waiter throws does not keep the others of the commit from being told. */
  #tell({ waiter, room }: WaitingAppend, outcome: Appended | HubError): void {
    try {
      if (outcome instanceof HubError) waiter.refused(outcome);
      else waiter.appended(outcome);
    } catch (error) {
      this.options.onFault(error, room);
    }
  }
}
