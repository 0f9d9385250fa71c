import type { ParsedRoom, RoomName } from '../../shared/rooms.js';
import type { LogPage, RoomLog } from '../log/room-log.js';
import type { PresenceStore } from '../presence/presence-store.js';
import type { FeedRegistry } from '../rooms/feed-registry.js';
import type { RoomFeed } from '../rooms/room-feed.js';
import type { OpenView, RoomView, ViewHost } from '../rooms/room-view.js';
import { type EmitOnThisNode, groupOf, RoomChannel } from './room-channel.js';

export interface ChannelRegistryOptions {
  feeds: FeedRegistry;
  log: RoomLog;
  presence: PresenceStore;
  emit: EmitOnThisNode;
  /** How the sockets of a kind see its rooms; a kind without one gets each message as it is. */
  viewOf(kind: string): OpenView | undefined;
  now(): number;
}

export interface ChannelLease {
  readonly channel: RoomChannel;
  release(): void;
}

interface Held {
  readonly opening: Promise<RoomChannel>;
  users: number;
  ends: (() => void)[];
}

/** The channels of this node: a room has one while it has a socket here. */
export class ChannelRegistry {
  readonly #held = new Map<RoomName, Held>();

  constructor(private readonly options: ChannelRegistryOptions) {}

  get size(): number {
    return this.#held.size;
  }

  /** @throws HubError `unavailable` when the room cannot be followed now */
  async acquire(parsed: ParsedRoom): Promise<ChannelLease> {
    const held = this.#held.get(parsed.room) ?? this.#hold(parsed);
    held.users++;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      held.users--;
      if (held.users === 0) this.#drop(parsed.room, held);
    };
    try {
      return { channel: await held.opening, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #hold(parsed: ParsedRoom): Held {
    const ends: (() => void)[] = [];
    const held: Held = { users: 0, ends, opening: this.#open(parsed, ends) };
    this.#held.set(parsed.room, held);
    return held;
  }

  async #open(parsed: ParsedRoom, ends: (() => void)[]): Promise<RoomChannel> {
    const { feeds, emit, presence } = this.options;
    const lease = await feeds.acquire(parsed.room);
    ends.push(() => lease.release());
    const open = this.options.viewOf(parsed.kind);
    const backlog = open && (await this.options.log.read(parsed.room, { limit: open.backlog.messages, from: 'newest' }));
    // From here to `feed.add` in one turn: the feed's next entry is then the view's next too.
    const view = open && backlog && this.#openView(open, lease.feed, backlog);
    if (view) ends.push(() => view.close());
    const channel = new RoomChannel(parsed, lease, view, emit);
    ends.push(lease.feed.add(channel));
    if (parsed.policy.presence !== 'off') {
      ends.push(await presence.follow(parsed.room, (change) => channel.presence(change)));
    }
    return channel;
  }

  #openView(open: OpenView, feed: RoomFeed, backlog: LogPage): RoomView {
    const oldest = this.options.now() - open.backlog.ageMs;
    const recent = backlog.entries.filter((entry) => entry.message.time >= oldest && entry.seq <= feed.last);
    const between = feed.recentAfter(backlog.last) ?? [];
    const host: ViewHost = { room: feed.room, emit: (group, event, frame) => this.options.emit(groupOf(feed.room, group), event, frame) };
    return open.open(host, [...recent, ...between]);
  }

  #drop(room: RoomName, held: Held): void {
    if (this.#held.get(room) === held) this.#held.delete(room);
    const end = () => {
      for (const close of held.ends.splice(0).reverse()) close();
    };
    held.opening.then(end, end);
  }
}
