import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { PositionParts } from '../../shared/position.js';
import type { Frame } from '../../shared/protocol.js';
import type { ParsedRoom, RoomName } from '../../shared/rooms.js';
import type { LogEntry, RoomLog } from '../log/room-log.js';
import type { PresenceStore } from '../presence/presence-store.js';
import type { FeedRegistry } from '../rooms/feed-registry.js';
import type { RoomFeed } from '../rooms/room-feed.js';
import type { OpenView, RoomView, ViewHost, ViewLease, ViewPast } from '../rooms/room-view.js';
import { FrameHearers, groupOf, RoomChannel } from './room-channel.js';
import type { RoomOutput } from './room-output.js';

export interface ChannelRegistryOptions {
  feeds: FeedRegistry;
  log: RoomLog;
  presence: PresenceStore;
  output: RoomOutput;
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

  /** The view of a room, for a reader that is no socket. @throws HubError `unavailable` as above, `invalid` where the kind has none */
  async view(parsed: ParsedRoom): Promise<ViewLease> {
    const { channel, release } = await this.acquire(parsed);
    const { view, lease, hearers } = channel;
    if (view) return { view, at: lease.feed, hear: (group, listener) => hearers.add(group, listener), release };
    release();
    throw new HubError('invalid', `${parsed.room} has no frames`);
  }

  #hold(parsed: ParsedRoom): Held {
    const ends: (() => void)[] = [];
    const held: Held = { users: 0, ends, opening: this.#open(parsed, ends) };
    this.#held.set(parsed.room, held);
    return held;
  }

  async #open(parsed: ParsedRoom, ends: (() => void)[]): Promise<RoomChannel> {
    const { feeds, output, presence } = this.options;
    const lease = await feeds.acquire(parsed.room);
    ends.push(() => lease.release());
    const open = this.options.viewOf(parsed.kind);
    const past = await open?.past?.(parsed.room);
    const backlog = open && (await this.#readBacklog(parsed.room, open.backlog, past?.upTo));
    // From here to `feed.add` in one turn: the feed's next entry is then the view's next too.
    const hearers = new FrameHearers();
    const view = open && backlog && this.#openView(open, lease.feed, { backlog, past }, hearers);
    if (view) ends.push(() => view.close());
    const channel = new RoomChannel(parsed, lease, view, output, hearers);
    ends.push(lease.feed.add(channel));
    if (parsed.policy.presence !== 'off') {
      ends.push(await presence.follow(parsed.room, (change) => channel.presence(change)));
    }
    return channel;
  }

  #openView(
    open: OpenView,
    feed: RoomFeed,
    { backlog, past }: { backlog: readonly LogEntry[]; past: ViewPast | undefined },
    hearers: FrameHearers,
  ): RoomView {
    const recent = backlog.filter((entry) => entry.seq <= feed.last);
    const known = past?.upTo.epoch === feed.epoch ? past.upTo.seq : 0;
    const between = feed.recentAfter(backlog.at(-1)?.seq ?? known) ?? [];
    const host: ViewHost = {
      room: feed.room,
      emit: (group, event, payload) => {
        this.options.output.emit(groupOf(feed.room, group), event, payload);
        if (event === 'frame') hearers.tell(group, payload as Frame);
      },
    };
    return (past ?? open).open(host, [...recent, ...between]);
  }

  /** The newest entries, oldest first, page by page from the end; those after a position where one is given. */
  async #readBacklog(room: RoomName, { messages, ageMs }: OpenView['backlog'], after?: PositionParts): Promise<LogEntry[]> {
    const oldest = this.options.now() - ageMs;
    const isKnown = ({ epoch, seq }: PositionParts) => epoch === after?.epoch && seq <= after.seq;
    const pages: (readonly LogEntry[])[] = [];
    let before: number | undefined;
    for (let left = messages; left > 0; ) {
      const range = { ...(before !== undefined && { before }), limit: Math.min(left, BOUNDS.pageMessages), from: 'newest' as const };
      const { entries, first } = await this.options.log.read(room, range);
      const page = entries.filter((entry) => !isKnown(entry) && entry.message.time >= oldest);
      pages.unshift(page);
      const earliest = entries[0];
      if (!earliest || earliest.seq <= first || page[0] !== earliest) break;
      before = earliest.seq;
      left -= entries.length;
    }
    return pages.flat();
  }

  #drop(room: RoomName, held: Held): void {
    if (this.#held.get(room) === held) this.#held.delete(room);
    const end = () => {
      for (const close of held.ends.splice(0).reverse()) close();
    };
    held.opening.then(end, end);
  }
}
