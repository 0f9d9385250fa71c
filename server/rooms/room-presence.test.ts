import { expect, test } from '@jest/globals';
import { ALICE, memoryRooms } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { createMemoryPresenceStore } from '../presence/memory-presence-store.js';

const scope = testScope();

function roomsOf(users: number, kind = 'chat') {
  const presence = scope.defer(createMemoryPresenceStore({ graceMs: 0, coalesceMs: 0 }), (store) => store.close());
  const room = `${kind}:lobby` as const;
  for (let n = 0; n < users; n++) presence.join(room, { user: { id: `u${n}`, name: `U${n}` }, connection: `c${n}` });
  return { room, rooms: memoryRooms(scope, presence).rooms };
}

const every = (users: number) => Array.from({ length: users }, (_, n) => `u${n}`);

test('[P49] up to 200 users are named, with more there is their number', async () => {
  const small = roomsOf(200);
  const { count, users } = await small.rooms.presence(ALICE, { room: small.room });
  expect([count, users?.map(({ id }) => id)]).toEqual([200, every(200)]);
  const large = roomsOf(201);
  expect(await large.rooms.presence(ALICE, { room: large.room })).toEqual({ room: large.room, count: 201 });
});

test.each(['presence', 'presencePage'] as const)('[P96] pages name everybody in a room of any size, once (%s)', async (ask) => {
  const { room, rooms } = roomsOf(450);
  const seen: string[] = [];
  const sizes: number[] = [];
  for (let page: { limit?: number; cursor?: string } = { limit: 200 }; ; ) {
    const { count, users = [], cursor } = await rooms[ask](ALICE, { room, ...page });
    expect(count).toBe(450);
    seen.push(...users.map(({ id }) => id));
    sizes.push(users.length);
    if (cursor === undefined) break;
    page = { cursor };
  }
  expect(sizes).toEqual([200, 200, 50]);
  expect(seen).toEqual(every(450));
});

test('[P96] a kind that only counts names nobody on any page', async () => {
  const { room, rooms } = roomsOf(3, 'logs');
  expect(await rooms.presence(ALICE, { room, limit: 10 })).toEqual({ room, count: 3 });
});
