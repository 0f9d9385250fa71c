import type { RoomName } from '../../shared/rooms.js';
import { runScript } from './redis-presence-link.js';
import type { PresenceRedis } from './redis-roster.js';

const ROOMS_AT_ONCE = 50;
const USERS_AT_ONCE = 200;

/**
 * Takes everything that a dead instance held out of its rooms. Several may sweep one instance at the same time, and one that stops
 * halfway leaves the rest to the next.
 */
export async function sweepInstance(redis: PresenceRedis, instance: string): Promise<void> {
  const { link, keys } = redis;
  const roomsKey = keys.roomsOf(instance);
  for (;;) {
    const rooms = (await link.run((client) => client.sendCommand(['SRANDMEMBER', roomsKey, String(ROOMS_AT_ONCE)]))) as RoomName[];
    if (rooms.length === 0) break;
    await Promise.all(rooms.map((room) => sweepRoom(redis, instance, room)));
    await link.run((client) => client.sendCommand(['SREM', roomsKey, ...rooms]));
  }
  await link.run((client) => client.sendCommand(['ZREM', keys.instances, instance]));
}

async function sweepRoom({ link, keys, scripts }: PresenceRedis, instance: string, room: RoomName): Promise<void> {
  const all = [...keys.roster(room), keys.held(room, instance)];
  let held: number;
  do {
    held = Number(await runScript(link, scripts.sweep, all, [keys.channel(room), String(USERS_AT_ONCE)]));
  } while (held > 0);
}
