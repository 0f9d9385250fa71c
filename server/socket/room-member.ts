import { formatPosition } from '../../shared/position.js';
import type { PresenceUsers, SubscribeAnswer } from '../../shared/protocol.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import type { ChannelLease } from '../delivery/channel-registry.js';
import { type ChannelMember, emitEntry, groupOf, isJobEnd } from '../delivery/room-channel.js';
import { unsentBytes } from '../delivery/unsent.js';
import type { LogEntry } from '../log/room-log.js';
import { Cursor } from '../rooms/cursor.js';
import type { LogReads } from '../rooms/log-reads.js';
import type { RoomView } from '../rooms/room-view.js';
import { toAnswer } from '../rooms/rooms.js';
import type { Start } from '../rooms/subscribe.js';
import type { HubSocket } from './types.js';

/** One socket in one room: begins it, holds it back while the socket is slow, ends it. */
export interface RoomMember extends ChannelMember {
  /** Called in the turn of the acknowledgement; what follows is sent behind it. */
  begin(presence: PresenceUsers | undefined): SubscribeAnswer;
  hold(): void;
  release(): void;
  /** Says nothing for now, as another subscription of the socket may take its place; `resume` goes on where it was. */
  pause(): void;
  resume(): void;
  close(): void;
}

interface MemberOptions {
  socket: HubSocket;
  lease: ChannelLease;
  reads: LogReads;
  /** Unsent bytes past which no more is read from the log for this socket. */
  unsentLimitBytes: number;
  /** Asks for `hold`, and for `release` when the socket has drained. */
  holdBack(): void;
  end(): void;
}

/** In a room whose messages are sent as they are: from its start through the log to the room's group. */
export class LogMember implements RoomMember {
  readonly #cursor: Cursor;
  #held = false;

  constructor(
    private readonly options: MemberOptions,
    private readonly start: Start,
  ) {
    const { socket, lease, reads } = options;
    const { parsed, group } = lease.channel;
    const live = () => {
      void socket.join(group);
      return () => void socket.leave(group);
    };
    const gap = (at: { epoch: string; seq: number }) =>
      socket.emit('notice', { kind: 'gap', room: parsed.room, position: formatPosition(at.epoch, at.seq) });
    this.#cursor = new Cursor(lease.channel.lease.feed, reads, { entries: (batch) => this.#give(batch), gap, live }, start.at);
  }

  begin(presence: PresenceUsers | undefined): SubscribeAnswer {
    const { parsed } = this.options.lease.channel;
    const hasEnded = parsed.kind === 'job' && this.start.entries.some(({ message }) => isJobEnd(message));
    queueMicrotask(() => (hasEnded ? this.options.end() : this.resume()));
    return { ...toAnswer(parsed.room, this.start), ...(presence && { presence }) };
  }

  /** One that is not there yet has the room's last words still to come, from the log. */
  end(): void {
    if (this.#cursor.isLive) this.options.end();
  }

  hold(): void {
    const { socket, lease } = this.options;
    if (lease.channel.parsed.policy.slow === 'disconnect') socket.disconnect(true);
    this.#held = true;
    this.#cursor.pause();
  }

  release(): void {
    const { socket, lease } = this.options;
    const { room, policy } = lease.channel.parsed;
    this.#held = false;
    const behind = lease.channel.lease.feed.last - this.#cursor.position.seq;
    if (behind > 0) socket.emit('notice', { kind: 'lagging', room, behind });
    if (policy.slow === 'drop-oldest') this.#cursor.skipToEnd();
    this.#cursor.resume();
  }

  pause(): void {
    this.#cursor.pause();
  }

  resume(): void {
    if (!this.#held) this.#cursor.resume();
  }

  close(): void {
    this.#cursor.close();
  }

  #give(batch: readonly LogEntry[]): boolean {
    const { socket, lease, unsentLimitBytes } = this.options;
    for (const entry of batch) emitEntry(lease.channel.parsed.kind, entry, (event, payload) => socket.emit(event, ...([payload] as never)));
    if (lease.channel.parsed.kind === 'job' && batch.some((entry) => isJobEnd(entry.message))) this.options.end();
    if (unsentBytes(socket, unsentLimitBytes) > unsentLimitBytes) this.options.holdBack();
    return !this.#held;
  }
}

/** In a room that is seen through a view: a snapshot, then the frames of its group. */
export class ViewMember implements RoomMember {
  #group: string | undefined;
  #heldAt = 0;
  #closed = false;

  constructor(
    private readonly options: MemberOptions,
    private readonly view: RoomView,
    private readonly wish: Pick<SubscribeRequest, 'maxHz'>,
  ) {}

  begin(presence: PresenceUsers | undefined): SubscribeAnswer {
    const { room } = this.options.lease.channel.parsed;
    const { feed } = this.options.lease.channel.lease;
    const position = formatPosition(feed.epoch, feed.last);
    return { room, position, recovered: false, messages: [], ...this.#enter(), ...(presence && { presence }) };
  }

  end(): void {
    this.options.end();
  }

  hold(): void {
    this.#heldAt = this.options.lease.channel.lease.feed.last;
    this.#withdraw();
  }

  /** Latest per key: what was missed is covered by the newest value of each series. */
  release(): void {
    if (this.#closed || this.#group !== undefined) return;
    const { socket, lease } = this.options;
    const { room } = lease.channel.parsed;
    const behind = lease.channel.lease.feed.last - this.#heldAt;
    if (behind > 0) socket.emit('notice', { kind: 'lagging', room, behind });
    const { metrics } = this.#enter();
    if (!metrics) return;
    const { names, latest } = metrics;
    const t = Math.max(0, ...latest.t);
    socket.emit('frame', { room, t, series: latest.series, values: latest.values, names: Object.fromEntries(names.entries()) });
  }

  /** Frames go on until the other subscription begins: each is newer than the last, and none is missed by stopping. */
  pause(): void {}

  resume(): void {}

  close(): void {
    this.#closed = true;
    this.#withdraw();
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
