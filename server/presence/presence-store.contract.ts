import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { waitFor } from '../../test/support/wait.js';
import type { PresenceChange, PresenceStore } from './presence-store.js';

export interface PresenceWorld {
  /** Stores of one hub: one for each of its instances that the engine can have, one at least. */
  readonly nodes: readonly PresenceStore[];
  close(): Promise<void>;
}

const GRACE_MS = 10_000;
const COALESCE_MS = 1_000;
const ROOM: RoomName = 'chat:lobby';
const user = (id: string, name = id.toUpperCase()): User => ({ id, name });

/** What every engine of the port does, whatever instance is asked. */
export function presenceStoreContract(
  engine: string,
  open: (options: { graceMs: number; coalesceMs: number; clock: ManualClock }) => Promise<PresenceWorld>,
): void {
  describe(`presence, ${engine}`, () => {
    let clock: ManualClock;
    let world: PresenceWorld;
    let here: PresenceStore;
    let there: PresenceStore;
    beforeEach(async () => {
      clock = new ManualClock();
      world = await open({ graceMs: GRACE_MS, coalesceMs: COALESCE_MS, clock });
      here = world.nodes[0]!;
      there = world.nodes.at(-1)!;
    });
    afterEach(() => world.close());

    const ids = async (store: PresenceStore, room = ROOM) => (await store.list(room, { limit: 100 })).users.map(({ id }) => id).sort();
    /** Waits until a list shows these users, on every instance. */
    const shows = (...expected: string[]) =>
      waitFor(async () => {
        for (const node of world.nodes) expect(await ids(node)).toEqual(expected);
        return true;
      });
    const join = (store: PresenceStore, id: string, connection = id) => store.join(ROOM, { user: user(id), connection });
    const leave = (store: PresenceStore, id: string, connection = id) => store.leave(ROOM, { user: user(id), connection });
    const follow = async (store: PresenceStore, room = ROOM) => {
      const heard: PresenceChange[] = [];
      const end = await store.follow(room, (change) => heard.push(change));
      return { heard, end };
    };
    /** Lets time run in small steps until a change was told that satisfies the condition. */
    const hears = (heard: readonly PresenceChange[], found: (change: PresenceChange) => boolean) =>
      waitFor(async () => {
        await clock.advance(COALESCE_MS);
        return heard.some(found);
      });
    const tells = (change: PresenceChange, joined: string[], left: string[]) =>
      change.joined.some(({ id }) => joined.includes(id)) || change.left.some(({ id }) => left.includes(id));

    test('a user is in the room from the first connection to the last', async () => {
      join(here, 'ada', 'tab1');
      join(there, 'ada', 'tab2');
      join(there, 'bob');
      await shows('ada', 'bob');
      leave(here, 'ada', 'tab1');
      await clock.advance(GRACE_MS);
      await shows('ada', 'bob');
      leave(there, 'ada', 'tab2');
      await clock.advance(GRACE_MS);
      await shows('bob');
      expect(await here.list(ROOM, { limit: 10 })).toEqual({ count: 1, users: [user('bob')] });
    });

    test('a room that nobody is in is empty', async () => {
      expect(await here.list('chat:empty', { limit: 10 })).toEqual({ count: 0, users: [] });
    });

    test('joining twice with one connection is once, leaving without having joined is nothing', async () => {
      join(here, 'ada');
      join(here, 'ada');
      leave(here, 'bob');
      leave(here, 'ada', 'another');
      await shows('ada');
      leave(here, 'ada');
      await clock.advance(GRACE_MS);
      await shows();
    });

    test('rooms are apart', async () => {
      const { heard } = await follow(here, 'chat:other');
      join(here, 'ada');
      here.join('chat:other', { user: user('bob'), connection: 'bob' });
      await hears(heard, () => true);
      expect(heard).toEqual([{ joined: [user('bob')], left: [], count: 1 }]);
      expect(await ids(here, 'chat:other')).toEqual(['bob']);
    });

    test('followers on every instance hear who comes and goes, with the count after it', async () => {
      const followed = await Promise.all(world.nodes.map((node) => follow(node)));
      join(here, 'ada');
      for (const { heard } of followed) await hears(heard, (change) => tells(change, ['ada'], []));
      join(there, 'bob');
      for (const { heard } of followed) await hears(heard, (change) => tells(change, ['bob'], []));
      leave(here, 'ada');
      await clock.advance(GRACE_MS);
      for (const { heard } of followed) {
        await hears(heard, (change) => tells(change, [], ['ada']));
        expect(heard).toEqual([
          { joined: [user('ada')], left: [], count: 1 },
          { joined: [user('bob')], left: [], count: 2 },
          { joined: [], left: [user('ada')], count: 1 },
        ]);
      }
    });

    test('coming back within the grace time, on any instance, is no change', async () => {
      join(here, 'ada');
      await shows('ada');
      const { heard } = await follow(here);
      leave(here, 'ada');
      await clock.advance(GRACE_MS - 1);
      join(there, 'ada', 'again');
      await shows('ada');
      // The barrier: joined after all that could have been a change.
      join(there, 'bob');
      await shows('ada', 'bob');
      await clock.advance(GRACE_MS);
      await hears(heard, (change) => tells(change, ['bob'], []));
      expect(heard).toEqual([{ joined: [user('bob')], left: [], count: 2 }]);
    });

    test('many changes are told as few, and who came and went between two is in none', async () => {
      const { heard } = await follow(here);
      join(here, 'first');
      await hears(heard, (change) => change.count === 1);
      for (let i = 0; i < 30; i++) join(here, `user${i}`);
      await waitFor(async () => (await here.list(ROOM, { limit: 1 })).count === 31);
      await hears(heard, (change) => change.count === 31);
      // The clock moved in steps of the interval: what came in one step was told as one.
      expect(heard.length).toBeLessThanOrEqual(4);
      expect(heard.flatMap(({ joined }) => joined)).toHaveLength(31);
    });

    test('who ended following hears no more', async () => {
      const ended = await follow(here);
      const { heard } = await follow(here);
      ended.end();
      join(here, 'ada');
      await hears(heard, () => true);
      expect(ended.heard).toEqual([]);
    });

    test('pages together give every user once', async () => {
      const all = Array.from({ length: 25 }, (_, i) => `user${String(i).padStart(2, '0')}`);
      for (const id of all) join(id < 'user12' ? here : there, id);
      await waitFor(async () => (await here.list(ROOM, { limit: 1 })).count === 25);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await here.list(ROOM, cursor === undefined ? { limit: 10 } : { limit: 10, cursor });
        expect(page).toMatchObject({ count: 25 });
        expect(page.users.length).toBeLessThanOrEqual(10);
        seen.push(...page.users.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(seen.sort()).toEqual(all);
    });

    test('a new name is shown from then on', async () => {
      here.join(ROOM, { user: user('ada', 'Ada'), connection: 'one' });
      here.join(ROOM, { user: user('ada', 'Countess Ada'), connection: 'two' });
      await waitFor(async () => (await there.list(ROOM, { limit: 1 })).users[0]?.name === 'Countess Ada');
    });

    test('names and ids of any script come back as they are', async () => {
      const odd = user('über:id {x} "q"', 'Zoë 🦊 \\ "the" {best}');
      const { heard } = await follow(there);
      here.join(ROOM, { user: odd, connection: 'one' });
      await hears(heard, () => true);
      expect(heard[0]?.joined).toEqual([odd]);
      expect((await there.list(ROOM, { limit: 1 })).users).toEqual([odd]);
    });
  });
}
