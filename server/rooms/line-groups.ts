import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LineFilter } from '../../shared/schemas.js';
import type { Clock } from '../observe/clock.js';
import { once } from '../once.js';
import { filterKey } from './line-filter.js';
import { LineGroup, type LineHearer } from './line-group.js';
import { PlaceShares } from './place-shares.js';
import type { RoomFeed } from './room-feed.js';

export interface LineGroupLease {
  readonly group: LineGroup;
  /** Names the group among those of its room on this node. */
  readonly name: string;
  release(): void;
}

export interface LineGroupsOptions {
  readonly clock: Clock;
  /** Different filters that one holder may have in one room at once. */
  readonly filtersPerHolder?: number;
  /** How a group speaks to its sockets on this node. */
  socketsOf(room: RoomName, name: string): LineHearer;
}

/** Distinct filters of one room on this node: each costs a look at every line. */
export const FILTERS_PER_ROOM = 500;

interface Held extends Omit<LineGroupLease, 'release'> {
  users: number;
}

interface RoomGroups {
  readonly groups: Map<string, Held>;
  readonly shares: PlaceShares;
}

/** The groups of this node: one per room and distinct filter, for as long as somebody reads through it. */
export class LineGroups {
  readonly #rooms = new Map<RoomName, RoomGroups>();
  #named = 0;

  constructor(private readonly options: LineGroupsOptions) {}

  /**
   * @param holder see `placeHolderOf`
   * @throws HubError `invalid` for a filter that cannot be, `too_many_views` when the holder has its share of filters, `busy` when the room has too many
   */
  acquire(feed: RoomFeed, filter: LineFilter, holder: string): LineGroupLease {
    const key = filterKey(filter);
    const room = this.#rooms.get(feed.room) ?? { groups: new Map<string, Held>(), shares: this.#newShares() };
    const givePlaceBack = room.shares.take(holder, key);
    try {
      const held = room.groups.get(key) ?? this.#open(feed, filter, room.groups.size);
      room.groups.set(key, held);
      this.#rooms.set(feed.room, room);
      held.users++;
      return { group: held.group, name: held.name, release: once(() => this.#release(feed.room, key, held, givePlaceBack)) };
    } catch (error) {
      givePlaceBack();
      throw error;
    }
  }

  #newShares(): PlaceShares {
    return new PlaceShares(this.options.filtersPerHolder ?? FILTERS_PER_ROOM, 'filters');
  }

  #open(feed: RoomFeed, filter: LineFilter, open: number): Held {
    if (open >= FILTERS_PER_ROOM) throw new HubError('busy', `${feed.room} is read through ${open} filters already`, 1_000);
    const name = `/${++this.#named}`;
    return { group: new LineGroup(feed, filter, this.options.clock, this.options.socketsOf(feed.room, name)), name, users: 0 };
  }

  #release(name: RoomName, key: string, held: Held, givePlaceBack: () => void): void {
    givePlaceBack();
    if (--held.users > 0) return;
    held.group.close();
    const room = this.#rooms.get(name);
    room?.groups.delete(key);
    if (room?.groups.size === 0) this.#rooms.delete(name);
  }
}
