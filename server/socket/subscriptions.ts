import { HubError } from '../../shared/errors.js';
import type { PresenceUsers, SubscribeAnswer } from '../../shared/protocol.js';
import type { ParsedRoom, RoomName } from '../../shared/rooms.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import type { ChannelLease, ChannelRegistry } from '../delivery/channel-registry.js';
import { groupOf } from '../delivery/room-channel.js';
import type { PresenceStore } from '../presence/presence-store.js';
import type { FeedRegistry } from '../rooms/feed-registry.js';
import type { RoomService } from '../rooms/rooms.js';
import { findStart } from '../rooms/subscribe.js';
import { LogMember, type RoomMember, ViewMember } from './room-member.js';
import type { HubSocket, PrincipalHolder } from './types.js';

export interface SubscriptionsOptions {
  rooms: RoomService;
  feeds: FeedRegistry;
  channels: ChannelRegistry;
  presence: PresenceStore;
  /** Rooms of one socket at most; 0: no limit. Job rooms end by themselves and are not counted. */
  roomsPerConnection: number;
  unsentLimitBytes: number;
}

interface Subscribed {
  readonly parsed: ParsedRoom;
  readonly member: RoomMember;
  readonly lease: ChannelLease;
}

/** The rooms of one socket. Calls about one room run one after another, in the order in which they came. */
export class Subscriptions {
  readonly #rooms = new Map<RoomName, Subscribed>();
  readonly #queues = new Map<RoomName, Promise<unknown>>();
  #closed = false;
  #held = false;

  constructor(
    private readonly socket: HubSocket,
    private readonly holder: PrincipalHolder,
    private readonly options: SubscriptionsOptions,
  ) {}

  get size(): number {
    return this.#rooms.size;
  }

  /** Gives the function that begins the subscription and its acknowledgement, to be called in the turn of the latter. */
  async subscribe(request: SubscribeRequest): Promise<() => SubscribeAnswer> {
    const parsed = await this.options.rooms.admit(this.holder.principal, 'read', request.room);
    return this.#inOrder(parsed.room, async () => {
      this.#checkCount(parsed);
      this.#leave(parsed.room);
      const { member, lease } = await this.#enter(parsed, request);
      try {
        const presence = await this.#appear(parsed);
        if (this.#closed) throw new HubError('closing', 'the connection has ended');
        this.#rooms.set(parsed.room, { parsed, member, lease });
        lease.channel.members.add(member);
        return () => this.#begin(member, presence);
      } catch (error) {
        this.#vanish(parsed);
        lease.release();
        throw error;
      }
    });
  }

  async unsubscribe(text: unknown): Promise<void> {
    const { room } = this.options.rooms.parse(text);
    await this.#inOrder(room, async () => {
      if (!this.#leave(room)) throw new HubError('not_subscribed', `not subscribed to ${room}`);
    });
  }

  /** Tells the others in the room; lost where a socket does not keep up. */
  typing(text: unknown): void {
    const { room } = this.options.rooms.parse(text);
    if (!this.#rooms.has(room)) throw new HubError('not_subscribed', `not subscribed to ${room}`);
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

  async #enter(parsed: ParsedRoom, request: SubscribeRequest): Promise<{ member: RoomMember; lease: ChannelLease }> {
    const { channels, feeds, unsentLimitBytes } = this.options;
    const lease = await channels.acquire(parsed);
    try {
      const end = () => void this.#leave(parsed.room);
      const holdBack = () => this.holder.holdBack();
      const base = { socket: this.socket, lease, reads: feeds.reads, unsentLimitBytes, holdBack, end };
      const { view, lease: held } = lease.channel;
      const member = view ? new ViewMember(base, view, request) : new LogMember(base, await findStart(held.feed, feeds.reads, request));
      return { member, lease };
    } catch (error) {
      lease.release();
      throw error;
    }
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
    const subscribed = this.#rooms.get(room);
    if (!subscribed) return false;
    const { parsed, member, lease } = subscribed;
    this.#rooms.delete(room);
    lease.channel.members.delete(member);
    member.close();
    lease.release();
    this.#vanish(parsed);
    return true;
  }

  #checkCount({ room, kind }: ParsedRoom): void {
    const { roomsPerConnection } = this.options;
    if (roomsPerConnection === 0 || kind === 'job' || this.#rooms.has(room)) return;
    const counted = [...this.#rooms.values()].filter(({ parsed }) => parsed.kind !== 'job').length;
    if (counted >= roomsPerConnection) throw new HubError('too_many_rooms', `a connection may be in ${roomsPerConnection} rooms`);
  }

  #inOrder<T>(room: RoomName, task: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(room) ?? Promise.resolve();
    const run = before.then(task, task);
    const done = run.then(
      () => undefined,
      () => undefined,
    );
    this.#queues.set(room, done);
    void done.then(() => {
      if (this.#queues.get(room) === done) this.#queues.delete(room);
    });
    return run;
  }
}
