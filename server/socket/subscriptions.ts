import { HubError } from '../../shared/errors.js';
import { formatPosition, parsePosition } from '../../shared/position.js';
import type { Message, PresenceUsers, SubscribeAnswer } from '../../shared/protocol.js';
import type { ParsedRoom, RoomName } from '../../shared/rooms.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import type { ChannelLease, ChannelRegistry } from '../delivery/channel-registry.js';
import { OneMap } from '../delivery/connections/one-map.js';
import { groupOf, isFailure, isJobEnd } from '../delivery/room-channel.js';
import type { SlowTally } from '../delivery/slow-consumers.js';
import { createLatch } from '../latch.js';
import type { PresenceStore } from '../presence/presence-store.js';
import { sessionOf } from '../recovery/client-session.js';
import type { RoomOffset } from '../recovery/offset.js';
import type { FeedRegistry } from '../rooms/feed-registry.js';
import type { RoomFeed } from '../rooms/room-feed.js';
import { checkWish } from '../rooms/room-wish.js';
import type { RoomService } from '../rooms/rooms.js';
import type { Start } from '../rooms/subscribe.js';
import { LineForm } from './line-form.js';
import { LogMember, type MemberOptions, type RoomMember, ViewMember } from './room-member.js';
import type { HubSocket, PrincipalHolder } from './types.js';

export interface SubscriptionsOptions {
  rooms: RoomService;
  feeds: FeedRegistry;
  channels: ChannelRegistry;
  presence: PresenceStore;
  /** Rooms of one socket at most; 0: no limit. Job rooms end by themselves and are not counted. */
  roomsPerConnection: number;
  unsentLimitBytes: number;
  slow: SlowTally;
}

interface Subscribed {
  readonly parsed: ParsedRoom;
  readonly member: RoomMember;
  readonly lease: ChannelLease;
  typedAt?: number;
}

/**
 * A subscription's wish; `resumes` one that the client has from an earlier connection, and that is in its session already, `untilEnd` is one that nobody
 * asked for: a job's first failure ends it too.
 */
type Wish = SubscribeRequest & { readonly resumes?: true; readonly untilEnd?: true };

/** One sign of typing reaches everybody in the room on all instances: more of them tell nobody anything. */
const TYPING_MS = 500;

/** The rooms of one socket. Calls about one room run one after another, in the order in which they came. */
export class Subscriptions {
  readonly #rooms = new OneMap<RoomName, Subscribed>();
  /** Being entered, and counted already. There only while a room is. */
  #entering: Set<RoomName> | undefined;
  /** What the next call about a room waits for. There only while one does. */
  #queues: Map<RoomName, Promise<unknown>> | undefined;
  #closed = false;
  #held = false;
  /** Rooms of failed jobs, which may be run again. There only while there is one. */
  #failed: Set<RoomName> | undefined;
  /** Begin what was resumed, once the client is there. */
  #resumed: (() => unknown)[] | undefined;

  constructor(
    private readonly socket: HubSocket,
    private readonly holder: PrincipalHolder,
    private readonly options: SubscriptionsOptions,
  ) {}

  get size(): number {
    return this.#rooms.size;
  }

  /** Whether the socket is in the room, or about to be. */
  concerns(room: RoomName): boolean {
    return this.#rooms.has(room) || this.#queues?.has(room) === true;
  }

  /**
   * Gives the function that begins the subscription and its acknowledgement, to be called in the turn of the latter. Until it is called,
   * later calls about the room wait. A subscription that there was before goes on when this one fails.
   */
  async subscribe(request: Wish): Promise<() => SubscribeAnswer> {
    const { room } = this.options.rooms.parse(request.room);
    const begun = createLatch();
    const begin = await this.#inOrder(room, () => this.#replace(request), begun.opened);
    return () => {
      begun.open();
      return begin();
    };
  }

  /**
   * Enters the rooms that a returning client had, each where it had come to; `begin` lets them speak. False: in one of them that cannot be, and it is
   * in none.
   */
  async resume(rooms: readonly RoomOffset[]): Promise<boolean> {
    const wishes = rooms.map(({ room, at }): Wish => ({ room, since: formatPosition(at.epoch, at.seq), resumes: true }));
    const entered = await Promise.allSettled(wishes.map((wish) => this.subscribe(wish)));
    this.#resumed = entered.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    if (this.#resumed.length === rooms.length) return true;
    this.close();
    return false;
  }

  /** In the turn in which the client is told that it is connected. */
  begin(): void {
    for (const begin of this.#resumed ?? []) begin();
    this.#resumed = undefined;
  }

  async unsubscribe(text: unknown): Promise<void> {
    const { room } = this.options.rooms.parse(text);
    await this.#inOrder(room, async () => {
      if (!this.#rooms.has(room)) throw new HubError('not_subscribed', `not subscribed to ${room}`);
      await sessionOf(this.socket)?.leave(room);
      this.#leave(room);
    });
  }

  /** Tells the others in the room, at most once in `TYPING_MS`; lost where a socket does not keep up. */
  typing(text: unknown): void {
    const { room } = this.options.rooms.parse(text);
    const subscribed = this.#rooms.get(room);
    if (!subscribed) throw new HubError('not_subscribed', `not subscribed to ${room}`);
    const now = performance.now();
    if (now - (subscribed.typedAt ?? Number.NEGATIVE_INFINITY) < TYPING_MS) return;
    subscribed.typedAt = now;
    const { user } = this.holder.principal;
    this.socket.volatile.to(groupOf(room)).emit('typing', { room, user });
  }

  /** Ends what the principal may no longer read. */
  async recheck(): Promise<void> {
    for (const { parsed } of [...this.#rooms.values()]) {
      const allowed = await this.options.rooms.admit(this.holder.principal, 'read', parsed.room).then(
        () => true,
        (error) => error instanceof HubError && error.code === 'unavailable',
      );
      if (!allowed) this.#leave(parsed.room);
    }
  }

  hold(): void {
    this.#held = true;
    for (const { member } of this.#rooms.values()) member.hold();
  }

  release(): void {
    this.#held = false;
    for (const { member } of this.#rooms.values()) member.release();
  }

  close(): void {
    this.#closed = true;
    for (const room of [...this.#rooms.keys()]) this.#leave(room);
  }

  async #replace(request: Wish): Promise<() => SubscribeAnswer> {
    const { principal } = this.holder;
    const parsed = await this.options.rooms.admit(principal, 'read', request.room);
    checkWish(parsed, request);
    const { room } = parsed;
    this.#reserve(parsed);
    const old = this.#rooms.get(room);
    old?.member.pause();
    try {
      const { member, lease } = await this.#enter(parsed, request);
      try {
        const presence = await this.#appear(parsed);
        await this.#remember(member, lease, request);
        await this.#readmit(room, principal);
        if (this.#closed) throw new HubError('closing', 'the connection has ended');
        this.#remove(room);
        // The channel's, which all its subscriptions share.
        this.#rooms.set(room, { parsed: lease.channel.parsed, member, lease });
        lease.channel.members.add(member);
        this.#tellOffsets(member, lease);
        return () => this.#begin(member, presence);
      } catch (error) {
        if (!this.#closed) sessionOf(this.socket)?.spoil();
        if (!this.#rooms.has(room)) this.#vanish(parsed);
        member.close();
        lease.release();
        throw error;
      }
    } catch (error) {
      old?.member.resume();
      throw error;
    } finally {
      this.#entering?.delete(room);
      if (this.#entering?.size === 0) this.#entering = undefined;
    }
  }

  /** Where the client would go on if its connection were lost before the first event. */
  async #remember(member: RoomMember, { channel }: ChannelLease, { resumes }: Wish): Promise<void> {
    if (!resumes) await sessionOf(this.socket)?.enter(channel.parsed.room, member.place);
  }

  #tellOffsets(member: RoomMember, { channel }: ChannelLease): void {
    const { place } = member;
    if (place) sessionOf(this.socket)?.began(channel.parsed.room, () => member.place ?? place);
  }

  /** Another token may have come since the room was asked for. */
  async #readmit(room: RoomName, admitted: Principal): Promise<void> {
    let last = admitted;
    while (last !== this.holder.principal) {
      last = this.holder.principal;
      await this.options.rooms.admit(last, 'read', room);
    }
  }

  async #enter(parsed: ParsedRoom, request: Wish): Promise<{ member: RoomMember; lease: ChannelLease }> {
    const { channels, feeds, unsentLimitBytes, slow } = this.options;
    const lease = await channels.acquire(parsed);
    try {
      const { room } = lease.channel.parsed;
      const end = () => void this.#leave(room);
      const staysAfter = (message: Message) => !request.untilEnd && isFailure(message) && this.#keepFailed(room);
      const base = { socket: this.socket, lease, reads: feeds.reads, unsentLimitBytes, slow, holder: this.holder, end, staysAfter };
      const { view } = lease.channel;
      return { member: view ? new ViewMember(base, view, request, this.holder.principal) : await this.#logMember(base, request), lease };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** The newest failures: as many as there may be other rooms. */
  #keepFailed(room: RoomName): true {
    const { roomsPerConnection } = this.options;
    this.#failed ??= new Set();
    this.#failed.delete(room);
    this.#failed.add(room);
    if (roomsPerConnection > 0 && this.#failed.size > roomsPerConnection) this.#leaveOldestFailed(this.#failed);
    return true;
  }

  #leaveOldestFailed(failed: Set<RoomName>): void {
    for (const room of failed) {
      failed.delete(room);
      const feed = this.#rooms.get(room)?.lease.channel.lease.feed;
      const newest = feed?.recentAfter(feed.last - 1)?.at(-1);
      // One that runs again counts anew when it fails.
      if (newest && !isFailure(newest.message)) continue;
      this.#leave(room);
      return;
    }
  }

  async #logMember(base: MemberOptions, { filter, ...wish }: Wish): Promise<LogMember> {
    const { feed } = base.lease.channel.lease;
    if (!filter) return new LogMember(base, await this.#start(feed, wish));
    const { start, lease } = await this.options.rooms.startLines(feed, this.holder.principal, { ...wish, filter });
    return new LogMember(base, start, new LineForm(base, lease, start.at, wish));
  }

  /** What resumes has no acknowledgement: all of it comes as events. */
  async #start(feed: RoomFeed, { resumes, untilEnd: _, ...request }: Wish): Promise<Start> {
    const start = await this.options.rooms.start(feed, request);
    if (!resumes) return feed.room.startsWith('job:') ? this.#startOfJob(feed, start) : start;
    if (!start.recovered) throw new HubError('not_found', `${feed.room} cannot be continued`);
    return { recovered: true, entries: [], at: parsePosition(request.since!) };
  }

  /** Who comes to a job that has ended is told its end, unless it has that, and is left as after it: no other message would end its subscription. */
  async #startOfJob(feed: RoomFeed, start: Start): Promise<Start> {
    if (start.entries.length > 0 || feed.last === 0) return start;
    const newest = (await this.options.rooms.start(feed, { room: feed.room, last: 1 })).entries.at(-1);
    if (!newest || newest.seq !== start.at.seq || !isJobEnd(newest.message)) return start;
    return start.recovered ? { ...start, knownEnd: newest } : { ...start, at: { epoch: newest.epoch, seq: newest.seq - 1 } };
  }

  #begin(member: RoomMember, presence: PresenceUsers | undefined): SubscribeAnswer {
    const answer = member.begin(presence);
    if (this.#held) member.hold();
    return answer;
  }

  /** Joins first, so that a newcomer finds itself in the roster. A roster that cannot be read now is left out. */
  async #appear({ room, policy }: ParsedRoom): Promise<PresenceUsers | undefined> {
    if (policy.presence === 'off') return undefined;
    this.options.presence.join(room, { user: this.holder.principal.user, connection: this.socket.id });
    return this.options.rooms.present(room, policy.presence).catch(() => undefined);
  }

  #vanish({ room, policy }: ParsedRoom): void {
    if (policy.presence !== 'off') this.options.presence.leave(room, { user: this.holder.principal.user, connection: this.socket.id });
  }

  #leave(room: RoomName): boolean {
    const left = this.#remove(room);
    if (left) this.#vanish(left);
    if (left && !this.#closed)
      sessionOf(this.socket)
        ?.leave(room)
        .catch(() => undefined);
    return left !== undefined;
  }

  #remove(room: RoomName): ParsedRoom | undefined {
    const subscribed = this.#rooms.get(room);
    if (!subscribed) return undefined;
    const { parsed, member, lease } = subscribed;
    this.#rooms.delete(room);
    this.#failed?.delete(room);
    lease.channel.members.delete(member);
    member.close();
    lease.release();
    return parsed;
  }

  /** Counts a room before it is entered: many may be asked for at once. @throws HubError `too_many_rooms` */
  #reserve({ room, kind }: ParsedRoom): void {
    const { roomsPerConnection } = this.options;
    if (kind === 'job' || this.#rooms.has(room)) return;
    const counted = [...this.#rooms.values()].filter(({ parsed }) => parsed.kind !== 'job').length + (this.#entering?.size ?? 0);
    if (roomsPerConnection > 0 && counted >= roomsPerConnection) {
      throw new HubError('too_many_rooms', `a connection may be in ${roomsPerConnection} rooms`);
    }
    this.#entering ??= new Set();
    this.#entering.add(room);
  }

  /** The next task about the room waits for this one, and for `until` where it succeeds. */
  #inOrder<T>(room: RoomName, task: () => Promise<T>, until?: Promise<void>): Promise<T> {
    const queues = this.#queues ?? new Map<RoomName, Promise<unknown>>();
    this.#queues = queues;
    const before = queues.get(room) ?? Promise.resolve();
    const run = before.then(task, task);
    const done = run.then(
      () => until,
      () => undefined,
    );
    queues.set(room, done);
    void done.then(() => {
      if (queues.get(room) === done) queues.delete(room);
      if (queues.size === 0 && this.#queues === queues) this.#queues = undefined;
    });
    return run;
  }
}
