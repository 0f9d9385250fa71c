import { HubError, toWireError } from '../../shared/errors.js';
import { encodeFrame } from '../../shared/frame-codec.js';
import { formatPosition, type PositionParts } from '../../shared/position.js';
import type { Message, PresenceUsers, SubscribeAnswer } from '../../shared/protocol.js';
import type { Principal } from '../auth/principal.js';
import type { ChannelLease } from '../delivery/channel-registry.js';
import { type ChannelMember, emitEntry, groupOf, isJobEnd } from '../delivery/room-channel.js';
import type { SlowTally } from '../delivery/slow-consumers.js';
import { unsentBytes } from '../delivery/unsent.js';
import type { LogEntry } from '../log/room-log.js';
import { sessionOf } from '../recovery/client-session.js';
import { Cursor, type CursorTarget } from '../rooms/cursor.js';
import type { LogReads } from '../rooms/log-reads.js';
import { chooserOf } from '../rooms/missed.js';
import { placeHolderOf } from '../rooms/place-shares.js';
import { newestFrame, type RoomView, type ViewWish } from '../rooms/room-view.js';
import { toAnswer } from '../rooms/rooms.js';
import type { Start } from '../rooms/subscribe.js';
import type { HubSocket, PrincipalHolder } from './types.js';

/** One socket in one room: begins it, holds it back while the socket is slow, ends it. */
export interface RoomMember extends ChannelMember {
  /** Up to where the socket has been sent the room; undefined where that does not say all. */
  readonly place: PositionParts | undefined;
  /** Called in the turn of the acknowledgement; what follows is sent behind it. */
  begin(presence: PresenceUsers | undefined): SubscribeAnswer;
  hold(): void;
  release(): void;
  /** Says nothing for now, as another subscription of the socket may take its place; `resume` goes on where it was. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface MemberOptions {
  socket: HubSocket;
  lease: ChannelLease;
  reads: LogReads;
  /** Unsent bytes past which no more is read from the log for this socket. */
  unsentLimitBytes: number;
  slow: SlowTally;
  /** Asked for `hold`, and for `release` when the socket has drained. */
  holder: Pick<PrincipalHolder, 'holdBack'>;
  end(): void;
  /** Whether the socket goes on following the job whose end that message is. */
  staysAfter(end: Message): boolean;
}

/** What all subscriptions do that are held: those whose policy says so end their connection. False: there is nothing left to hold. */
function applyPolicy({ socket, lease, slow }: MemberOptions): boolean {
  const { room, policy } = lease.channel.parsed;
  slow.applied(policy.slow);
  if (policy.slow !== 'disconnect') return true;
  socket.emit('notice', {
    kind: 'closing',
    error: toWireError(new HubError('busy', `the connection reads more slowly than ${room} speaks`)),
  });
  socket.disconnect(true);
  return false;
}

export function tellOfLag({ socket, lease }: MemberOptions, { behind, dropped = 0 }: { behind: number; dropped?: number }): void {
  if (behind > 0) socket.emit('notice', { kind: 'lagging', room: lease.channel.parsed.room, behind, ...(dropped > 0 && { dropped }) });
}

/** What the entries of a log are on the wire, to one socket. */
export interface LogForm extends Pick<CursorTarget, 'entries' | 'gap' | 'stands'> {
  /** Where the session of a stock client would go on; undefined where that does not say all. */
  place(cursor: Cursor): PositionParts | undefined;
  /** Takes the socket to where the room speaks to all of its form at once; the function takes it away. */
  live(): () => void;
  /** Goes on after the socket was held back, as the policy says. */
  goOn(cursor: Cursor): void;
  close(): void;
}

/** Messages, each as it is. */
export class MessageForm implements LogForm {
  constructor(private readonly options: MemberOptions) {}

  /** A job's room ends by itself. */
  place(cursor: Cursor): PositionParts | undefined {
    return this.options.lease.channel.parsed.kind === 'job' ? undefined : cursor.position;
  }

  entries(batch: readonly LogEntry[]): boolean {
    const { socket, lease } = this.options;
    const { kind, room } = lease.channel.parsed;
    const session = sessionOf(socket);
    for (const entry of batch) {
      const args = session && kind !== 'job' ? [session.offset({ room, at: entry })] : [];
      emitEntry(kind, entry, (event, payload) => socket.emit(event, ...([payload, ...args] as never)));
    }
    return true;
  }

  gap({ epoch, seq }: PositionParts): void {
    const { socket, lease } = this.options;
    socket.emit('notice', { kind: 'gap', room: lease.channel.parsed.room, position: formatPosition(epoch, seq) });
  }

  live(): () => void {
    const { socket, lease } = this.options;
    const { group } = lease.channel;
    void socket.join(group);
    return () => void socket.leave(group);
  }

  goOn(cursor: Cursor): void {
    const { slow, slowMessages } = this.options.lease.channel.parsed.policy;
    cursor.resume(chooserOf(slow, slowMessages));
  }

  close(): void {}
}

/** In a room that is seen entry by entry: from its start through the log to the room's group. Its cursor brings it all. */
export class LogMember implements RoomMember, CursorTarget {
  readonly #cursor: Cursor;
  /** Until the subscription has begun: what is in it would be kept for as long as that lasts. */
  #start: Start | undefined;
  #held = false;
  /** It was held since it went on last: its policy says how. */
  #lags = false;
  /** Another subscription of the socket may take its place. */
  #paused = false;

  constructor(
    private readonly options: MemberOptions,
    start: Start,
    private readonly form: LogForm = new MessageForm(options),
  ) {
    this.#start = start;
    this.#cursor = new Cursor(options.lease.channel.lease.feed, options.reads, this, start.at);
  }

  get place(): PositionParts | undefined {
    return this.form.place(this.#cursor);
  }

  begin(presence: PresenceUsers | undefined): SubscribeAnswer {
    const { parsed } = this.options.lease.channel;
    const start = this.#start;
    if (!start) throw new Error('a subscription begins once');
    this.#start = undefined;
    const isLeft = parsed.kind === 'job' && this.#isLeftAfter(start.knownEnd ? [start.knownEnd] : start.entries);
    queueMicrotask(() => (isLeft ? this.options.end() : this.resume()));
    return { ...toAnswer(parsed.room, start), ...(presence && { presence }) };
  }

  /** One that is not there yet has the room's last words still to come, from the log. */
  jobEnded(end: Message): void {
    if (this.#cursor.isLive && !this.options.staysAfter(end)) this.options.end();
  }

  hold(): void {
    if (!applyPolicy(this.options)) return;
    this.#held = true;
    this.#lags = true;
    this.#cursor.pause();
  }

  release(): void {
    this.#held = false;
    this.#goOn();
  }

  pause(): void {
    this.#paused = true;
    this.#cursor.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#goOn();
  }

  close(): void {
    this.#cursor.close();
    this.form.close();
  }

  live(): () => void {
    return this.form.live();
  }

  stands(): PositionParts {
    const { feed } = this.options.lease.channel.lease;
    return this.form.stands?.() ?? { epoch: feed.epoch, seq: feed.last };
  }

  gap(at: PositionParts): void {
    this.form.gap(at);
  }

  lagging(lag: { behind: number; dropped: number }): void {
    tellOfLag(this.options, lag);
  }

  leftOut(messages: number): void {
    const { lease, slow } = this.options;
    slow.leftOut(lease.channel.parsed.policy.slow, messages);
  }

  entries(batch: readonly LogEntry[]): boolean {
    const { kind } = this.options.lease.channel.parsed;
    this.form.entries(batch);
    if (kind === 'job' && this.#isLeftAfter(batch)) this.options.end();
    // What a turn sends is written at its end: only then is it known what the client does not take.
    setImmediate(() => this.#goOn());
    return false;
  }

  /** Whether they come to the job's end: a failure after which it was run again is none. */
  #isLeftAfter(entries: readonly LogEntry[]): boolean {
    const message = entries.at(-1)?.message;
    return message !== undefined && isJobEnd(message) && !this.options.staysAfter(message);
  }

  #goOn(): void {
    const { socket, unsentLimitBytes } = this.options;
    if (this.#held || this.#paused) return;
    if (unsentBytes(socket, unsentLimitBytes) > unsentLimitBytes) {
      this.options.holder.holdBack();
      return;
    }
    if (this.#lags) this.form.goOn(this.#cursor);
    else this.#cursor.resume();
    this.#lags = false;
  }
}

/** In a room that is seen through a view: a snapshot, then the frames of its group. */
export class ViewMember implements RoomMember {
  readonly place = undefined;
  #group: string | undefined;
  #heldAt = 0;
  #closed = false;
  readonly #givePlaceBack: () => void;

  constructor(
    private readonly options: MemberOptions,
    private readonly view: RoomView,
    private readonly wish: ViewWish,
    viewer: Principal,
  ) {
    this.#givePlaceBack = view.admit(wish, placeHolderOf(viewer));
  }

  begin(presence: PresenceUsers | undefined): SubscribeAnswer {
    const { room } = this.options.lease.channel.parsed;
    const { feed } = this.options.lease.channel.lease;
    const position = formatPosition(feed.epoch, feed.last);
    return { room, position, recovered: false, messages: [], ...this.#enter(), ...(presence && { presence }) };
  }

  /** Job rooms have no views. */
  jobEnded(): void {}

  hold(): void {
    if (!applyPolicy(this.options)) return;
    this.#heldAt = this.options.lease.channel.lease.feed.last;
    this.#withdraw();
  }

  /** Latest per key: what was missed is covered by the newest value of each series. */
  release(): void {
    if (this.#closed || this.#group !== undefined) return;
    const { socket, lease } = this.options;
    const { room } = lease.channel.parsed;
    tellOfLag(this.options, { behind: lease.channel.lease.feed.last - this.#heldAt });
    const { metrics } = this.#enter();
    if (!metrics) return;
    const frame = newestFrame(room, metrics);
    if (this.wish.binary) socket.emit('frame:bytes', encodeFrame(frame));
    else socket.emit('frame', frame);
  }

  /** Frames go on until the other subscription begins: each is newer than the last, and none is missed by stopping. */
  pause(): void {}

  resume(): void {}

  close(): void {
    this.#closed = true;
    this.#withdraw();
    this.#givePlaceBack();
  }

  #withdraw(): void {
    if (this.#group === undefined) return;
    void this.options.socket.leave(groupOf(this.options.lease.channel.parsed.room, this.#group));
    this.view.detach(this.#group);
    this.#group = undefined;
  }

  #enter(): Pick<SubscribeAnswer, 'metrics'> {
    if (this.#closed) return {};
    const { group, answer } = this.view.attach(this.wish);
    this.#group = group;
    void this.options.socket.join(groupOf(this.options.lease.channel.parsed.room, group));
    return answer;
  }
}
