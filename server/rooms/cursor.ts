import { BOUNDS } from '../../shared/limits.js';
import type { LogEntry } from '../log/room-log.js';
import type { LogReads } from './log-reads.js';
import type { Choice, Choose } from './missed.js';
import type { FeedReader, RoomFeed } from './room-feed.js';

/** Where a cursor brings what it reads. */
export interface CursorTarget {
  /** Entries in order, each once. False: the target is full; `Cursor.resume` goes on. */
  entries(batch: readonly LogEntry[]): boolean;
  /** What was to come next is gone; the cursor now stands at `epoch:seq`. */
  gap(at: { epoch: string; seq: number }): void;
  /** Takes the target to where the feed speaks by itself; the function takes it away again. Left out: the cursor relays each entry. */
  live?(): () => void;
  /** Up to where the target has everything while it is live; left out: to the feed's end. */
  stands?(): { epoch: string; seq: number };
  /** Of the `behind` entries that it missed it is not given `dropped`; told before the first of the others comes. */
  lagging?(lag: { behind: number; dropped: number }): void;
  /** So many entries were passed over now. */
  leftOut?(entries: number): void;
}

/** Pause before the next try of a cursor that could not read the log. */
const RETRY_MS = 1_000;

type State = { is: 'paused' } | { is: 'reading' } | { is: 'live'; leave: () => void } | { is: 'closed' };

/**
 * One reader's place in a room. It is `paused` where it stands, `reading` the log until it has what the feed has had, then
 * `live` with the feed; from one to the next in a single turn, so nothing falls between.
 */
export class Cursor implements FeedReader {
  #state: State = { is: 'paused' };
  /** How to choose of what was missed, and then the choice from what there was up to `last`, until it has been given. */
  #choose: Choose | undefined;
  #choice: (Choice & { readonly last: number }) | undefined;

  constructor(
    private readonly feed: RoomFeed,
    private readonly reads: LogReads,
    private readonly target: CursorTarget,
    private at: { epoch: string; seq: number },
  ) {}

  get position(): { readonly epoch: string; readonly seq: number } {
    if (this.#state.is !== 'live' || !this.target.live) return this.at;
    return this.target.stands?.() ?? { epoch: this.feed.epoch, seq: this.feed.last };
  }

  /** It has had everything that the feed has had. */
  get isLive(): boolean {
    return this.#state.is === 'live';
  }

  /** Goes on from where the cursor stands. With `choose`: with what that takes of the entries up to the feed's end, then with each one. */
  resume(choose?: Choose): void {
    if (this.#state.is !== 'paused') return;
    this.#choose = choose ?? this.#choose;
    const reading: State = { is: 'reading' };
    this.#state = reading;
    void this.#read(reading);
  }

  /** Stops where the cursor stands now. */
  pause(): void {
    if (this.#state.is === 'live') {
      this.at = this.position;
      this.#state.leave();
    }
    if (this.#state.is !== 'closed') this.#state = { is: 'paused' };
  }

  /**
   * Passes over everything up to the feed's end: `resume` then goes live in its turn. Gives how many entries that were; undefined where the
   * cursor is not paused, or the log has begun anew.
   */
  skipToEnd(): number | undefined {
    const { epoch, last } = this.feed;
    if (this.#state.is !== 'paused' || this.at.epoch !== epoch || this.at.seq > last) return undefined;
    const passed = last - this.at.seq;
    this.at = { epoch, seq: last };
    return passed;
  }

  close(): void {
    this.pause();
    this.#state = { is: 'closed' };
  }

  entry(entry: LogEntry): void {
    this.at = { epoch: entry.epoch, seq: entry.seq };
    if (!this.target.entries([entry])) this.pause();
  }

  gap(): void {
    this.at = { epoch: this.feed.epoch, seq: this.feed.last };
    this.#choose = undefined;
    this.#choice = undefined;
    this.target.gap(this.at);
  }

  /** Runs for as long as the state is the one it was started for. */
  async #read(reading: State): Promise<void> {
    try {
      while (this.#state === reading) {
        if (this.at.epoch !== this.feed.epoch) this.gap();
        else if (this.at.seq > this.feed.last) await this.#awaitFeed(reading);
        else if (this.#choose) await this.#chooseWith(this.#choose, reading);
        else if (this.#choice) await this.#giveChosen(this.#choice, reading);
        else if (this.at.seq === this.feed.last) this.#goLive();
        else this.#give(this.feed.recentAfter(this.at.seq) ?? (await this.#page(reading)), reading);
      }
    } catch {
      if (this.#state !== reading) return;
      this.pause();
      setTimeout(() => this.resume(), RETRY_MS).unref();
    }
  }

  #goLive(): void {
    const leave = this.target.live?.() ?? this.feed.add(this);
    this.#state = { is: 'live', leave };
  }

  /** The cursor read further than the feed has heard. */
  async #awaitFeed(reading: State): Promise<void> {
    await this.feed.catchUp();
    // A feed that ends before the cursor after reading the log: the log has lost its end.
    if (this.#state === reading && this.at.seq > this.feed.last) this.gap();
  }

  /** A choice that is being given stands until there is more to choose from. */
  async #chooseWith(choose: Choose, reading: State): Promise<void> {
    const { seq: after, epoch } = this.at;
    const { last, room } = this.feed;
    const choice = this.#choice?.last === last ? undefined : await choose({ after, last, read: (range) => this.reads.read(room, range) });
    if (this.#state !== reading || this.feed.epoch !== epoch) return;
    this.#choose = undefined;
    if (!choice || last === after) return;
    this.#choice = { ...choice, last };
    this.target.lagging?.({ behind: last - after, dropped: choice.restAfter - after - choice.seqs.length });
  }

  /** The next one of the choice; after its last one, the rest. */
  async #giveChosen({ seqs, restAfter }: Choice, reading: State): Promise<void> {
    const next = seqs.find((seq) => seq > this.at.seq);
    this.#passTo(next === undefined ? restAfter : next - 1);
    if (next === undefined) this.#choice = undefined;
    else this.#give(this.feed.recentAfter(this.at.seq)?.slice(0, 1) ?? (await this.#page(reading, 1)), reading);
  }

  #passTo(seq: number): void {
    if (seq <= this.at.seq) return;
    this.target.leftOut?.(seq - this.at.seq);
    this.at = { epoch: this.at.epoch, seq };
  }

  async #page(reading: State, limit: number = BOUNDS.pageMessages): Promise<readonly LogEntry[]> {
    const { seq } = this.at;
    const page = await this.reads.read(this.feed.room, { after: seq, limit, from: 'oldest' });
    const first = page.entries[0];
    if (page.epoch === this.at.epoch && first?.seq === seq + 1) return page.entries;
    await this.feed.catchUp();
    if (page.epoch === this.at.epoch && page.first > seq + 1) this.#skip(page.first - 1, reading);
    return [];
  }

  #skip(seq: number, reading: State): void {
    if (this.#state !== reading) return;
    this.at = { epoch: this.at.epoch, seq };
    this.target.gap(this.at);
  }

  #give(entries: readonly LogEntry[], reading: State): void {
    const last = entries.at(-1);
    if (!last || this.#state !== reading) return;
    this.at = { epoch: last.epoch, seq: last.seq };
    if (!this.target.entries(entries)) this.pause();
  }
}
