import { formatPosition } from '../../shared/position.js';
import type { Frame, JobState, Message, ServerToClientEvents } from '../../shared/protocol.js';
import type { ParsedRoom } from '../../shared/rooms.js';
import type { LogEntry } from '../log/room-log.js';
import type { PresenceChange } from '../presence/presence-store.js';
import type { FeedLease } from '../rooms/feed-registry.js';
import type { FeedReader } from '../rooms/room-feed.js';
import type { RoomView } from '../rooms/room-view.js';
import type { RoomOutput } from './room-output.js';

/** A socket in the room, as its channel knows it. */
export interface ChannelMember {
  /** That message was a job's end. */
  jobEnded(end: Message): void;
}

/** The Socket.IO room of a group; braces make it a Redis hash tag, and keep it apart from rooms of other code on the same server. */
export function groupOf(room: string, suffix = ''): string {
  return `{${room}}${suffix}`;
}

/** Those who hear the frames of a view's groups within this process. */
export class FrameHearers {
  readonly #groups = new Map<string, Set<(frame: Frame) => void>>();

  add(group: string, hear: (frame: Frame) => void): () => void {
    const hearers = this.#groups.get(group) ?? new Set();
    this.#groups.set(group, hearers.add(hear));
    return () => {
      hearers.delete(hear);
      if (hearers.size === 0 && this.#groups.get(group) === hearers) this.#groups.delete(group);
    };
  }

  tell(group: string, frame: Frame): void {
    for (const hear of [...(this.#groups.get(group) ?? [])]) hear(frame);
  }
}

/** All sockets of one room on this node: turns what the feed brings into events, each sent once to a whole group. */
export class RoomChannel implements FeedReader {
  readonly members = new Set<ChannelMember>();
  /** The Socket.IO room of its sockets. */
  readonly group: string;

  constructor(
    readonly parsed: ParsedRoom,
    readonly lease: FeedLease,
    readonly view: RoomView | undefined,
    private readonly output: RoomOutput,
    /** Readers of the view's frames that are no sockets, by group. */
    readonly hearers: FrameHearers = new FrameHearers(),
  ) {
    this.group = groupOf(parsed.room);
  }

  entry(entry: LogEntry): void {
    if (this.view) this.view.entry(entry);
    else if (this.parsed.kind === 'job') this.#jobEntry(entry);
    else this.output.message(this.group, entry);
  }

  #jobEntry(entry: LogEntry): void {
    emitEntry('job', entry, (event, payload) => this.output.emit(this.group, event, payload));
    if (isJobEnd(entry.message)) for (const member of [...this.members]) member.jobEnded(entry.message);
  }

  gap(): void {
    const { feed } = this.lease;
    this.output.emit(this.group, 'notice', { kind: 'gap', room: this.parsed.room, position: formatPosition(feed.epoch, feed.last) });
  }

  presence({ joined, left, count }: PresenceChange): void {
    const named = this.parsed.policy.presence === 'roster';
    this.output.emit(this.group, 'presence', {
      room: this.parsed.room,
      joined: named ? [...joined] : [],
      left: named ? [...left] : [],
      count,
    });
  }
}

type Emit = <E extends 'message' | 'job'>(event: E, payload: Parameters<ServerToClientEvents[E]>[0]) => void;

/** Emits an entry as the event that it is on the wire, in rooms whose kind has no view. */
export function emitEntry(kind: string, { message }: LogEntry, emit: Emit): void {
  if (kind !== 'job' || message.type !== 'job') emit('message', message);
  else emit('job', { ...(message.data as JobState), room: message.room, position: message.position });
}

const ENDED: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled']);

/** The message after which a job room says no more, unless a failed job is run again. */
export function isJobEnd({ type, data }: Message): boolean {
  return type === 'job' && ENDED.has((data as JobState | null)?.state ?? '');
}

/** A failed job may be run again. */
export function isFailure({ type, data }: Message): boolean {
  return type === 'job' && (data as JobState | null)?.state === 'failed';
}
