import { type Frame, join } from './frame.js';

/** Frames with their places in the turn, in rising order. */
export interface Lane {
  readonly frames: Frame[];
  readonly places: number[];
}

/** Of all who have nothing: a quiet connection keeps no lists. */
export const NOTHING: Lane = { frames: [], places: [] };

/** A connection that the turn writes to. */
export interface TurnWriter {
  /** What is for this connection alone, from its first message of a turn on; `NOTHING` between. */
  own: Lane;
  /** The groups of this flush that it is in; the turn's own notes. */
  first: TurnGroup | undefined;
  more: TurnGroup[] | undefined;
  readonly takesCompressed: boolean;
  /** One system call. */
  write(bytes: Buffer): void;
}

/** What a turn sends to all members of a room. */
export interface TurnGroup extends Lane {
  readonly members: readonly TurnWriter[];
}

export interface TurnOptions {
  /** Milliseconds that a busy hub waits between two turns' writes, so that more goes out in each; 0: never. */
  windowMs: number;
}

/** With shorter pauses than this between its writes, about a hundred a second, a hub counts as busy. */
const BUSY_PAUSE_MS = 10;
/** Weight of the newest pause in the average, and the longest that it counts as: a burst is known after a few turns, a pair is none. */
const PAUSE_WEIGHT = 1 / 4;
const LONGEST_PAUSE_MS = 4 * BUSY_PAUSE_MS;

/**
 * Gathers what is sent within one turn of the event loop, and writes it at its end: to each connection all that is due to it, in
 * the order in which it was sent, in one system call. What went to a whole group is put together once for all its members.
 */
export class Turn {
  #places = 0;
  #groups: TurnGroup[] = [];
  #writers: TurnWriter[] = [];
  #compressing: Promise<unknown>[] = [];
  #scheduled = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** The average time between the end of one turn's writes and the next one's first message. */
  #pauseMs = LONGEST_PAUSE_MS;

  constructor(private readonly options: TurnOptions) {}

  toGroup(group: TurnGroup, frame: Frame): void {
    if (group.frames.length === 0) this.#groups.push(group);
    group.frames.push(frame);
    group.places.push(this.#take(frame));
  }

  toOne(writer: TurnWriter, frame: Frame): void {
    const { own } = writer;
    if (own !== NOTHING) {
      own.frames.push(frame);
      own.places.push(this.#take(frame));
      return;
    }
    // Most get one in a turn: an array that grows by a push has room for 17.
    writer.own = { frames: [frame], places: [this.#take(frame)] };
    this.#writers.push(writer);
  }

  /** Writes what has been sent so far. What is still being compressed goes out as it is. */
  flush(): void {
    if (this.#places === 0) return;
    const [groups, writers] = [this.#groups, this.#writers];
    this.#groups = [];
    this.#writers = [];
    this.#compressing = [];
    this.#places = 0;
    if (groups.length === 1) writeGroup(groups[0]!);
    else if (groups.length > 1) writeGroups(groups);
    for (const writer of writers) writeOwn(writer);
    if (this.options.windowMs > 0) this.#flushedAt = performance.now();
  }

  /** Gives its place. */
  #take(frame: Frame): number {
    if (frame.pending) this.#compressing.push(frame.pending);
    if (!this.#scheduled) this.#schedule();
    return this.#places++;
  }

  #schedule(): void {
    this.#scheduled = true;
    const { windowMs } = this.options;
    const waitMs = windowMs > 0 ? this.#waitMs(windowMs) : 0;
    if (waitMs > 0) setTimeout(this.#end, waitMs);
    else setImmediate(this.#end);
  }

  #waitMs(windowMs: number): number {
    const pauseMs = performance.now() - this.#flushedAt;
    this.#pauseMs += PAUSE_WEIGHT * (Math.min(pauseMs, LONGEST_PAUSE_MS) - this.#pauseMs);
    return this.#pauseMs < BUSY_PAUSE_MS ? windowMs - pauseMs : 0;
  }

  readonly #end = (): void => {
    if (this.#compressing.length > 0) {
      void Promise.all(this.#compressing.splice(0)).then(this.#end);
      return;
    }
    this.#scheduled = false;
    this.flush();
  };
}

/** The usual case: the members of one group, most of them with nothing else. */
function writeGroup(group: TurnGroup): void {
  const shared = new SharedBytes(group);
  for (const member of group.members) {
    if (member.own === NOTHING) member.write(shared.for(member));
    else writeMerged(member, [group, member.own]);
  }
  empty(group);
}

function writeGroups(groups: readonly TurnGroup[]): void {
  for (const group of groups) for (const member of group.members) note(member, group);
  for (const group of groups) {
    const shared = new SharedBytes(group);
    for (const member of group.members) {
      if (member.first !== group) continue;
      const { more } = member;
      member.first = undefined;
      member.more = undefined;
      if (!more && member.own === NOTHING) member.write(shared.for(member));
      else writeMerged(member, [group, ...(more ?? []), member.own]);
    }
  }
  for (const group of groups) empty(group);
}

function note(member: TurnWriter, group: TurnGroup): void {
  if (member.first === undefined) member.first = group;
  else if (member.more) member.more.push(group);
  else member.more = [group];
}

function writeOwn(writer: TurnWriter): void {
  const { frames } = writer.own;
  // Written together with a group's.
  if (writer.own === NOTHING) return;
  const bytes = join(frames, writer.takesCompressed);
  writer.own = NOTHING;
  writer.write(bytes);
}

function writeMerged(member: TurnWriter, lanes: readonly Lane[]): void {
  const placed = lanes.flatMap(({ frames, places }) => frames.map((frame, index) => ({ frame, place: places[index]! })));
  placed.sort((a, b) => a.place - b.place);
  member.own = NOTHING;
  member.write(
    join(
      placed.map(({ frame }) => frame),
      member.takesCompressed,
    ),
  );
}

function empty(lane: Lane): void {
  lane.frames.length = 0;
  lane.places.length = 0;
}

/** A group's frames put together, in the two forms that its members take, each made when the first of them asks. */
class SharedBytes {
  #plain: Buffer | undefined;
  #compressed: Buffer | undefined;

  constructor(private readonly group: TurnGroup) {}

  for({ takesCompressed }: TurnWriter): Buffer {
    if (takesCompressed) {
      this.#compressed ??= join(this.group.frames, true);
      return this.#compressed;
    }
    this.#plain ??= join(this.group.frames, false);
    return this.#plain;
  }
}
