import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { startNginx } from '../../../test/support/nginx.js';
import { freePort } from '../../../test/support/redis.js';
import { type MachineFacts, readMachine } from '../../machine.js';
import { startProcess } from '../../process.js';
import { watchUse } from '../../process-use.js';
import { INSTANCES, launchHub } from '../cluster.js';
import { Member } from '../member.js';
import { RedisServer } from '../redis-server.js';
import { seeded } from '../schedule.js';
import type { Undo } from '../undo.js';
import type { CrowdCalls } from './crowd.js';
import type { StormFigures } from './tally.js';

export interface StormSettings {
  readonly clients: number;
  readonly rooms: number;
  /** Publications per second over all rooms. */
  readonly perSecond: number;
  readonly seed: number;
}

export interface StormRun {
  readonly settings: StormSettings;
  readonly command: string;
  readonly startedAt: string;
  readonly machine: MachineFacts;
  /** The clients behind the front. */
  readonly crowd: StormFigures & { stranded: number };
  /** Clients of the instances that stay, and their publications. */
  readonly watchers: StormFigures & { stranded: number };
  /** Commands of Redis that read entries of a log, from the kill until all were back. */
  readonly logReads: number;
  /** CPU seconds of the instances that stay, from the kill until all were back, beyond what as much of the time before took. */
  readonly cpuSeconds: number;
  readonly crashes: readonly string[];
}

/** Limits and heartbeats are by default: returning is what they must allow. */
const ENV = { ROOMCAST_WEB: 'off', ROOMCAST_TRUST_PROXY: '1', ROOMCAST_LOG_FORMAT: 'json' };
const WATCHERS_PER_ROOM = 4;
const STEADY_MS = 8_000;
/** The delays of this time are compared with those before, also when everybody is back sooner. */
const STORM_MS = 5_000;
const GIVE_UP_MS = 60_000;
const LOOK_MS = 100;

/**
 * Three instances behind nginx, of which one is killed and stays away: its clients come back to the two others at once.
 * What it starts ends with `undo`.
 * @throws Error when the clients cannot connect
 */
export async function runStorm(undo: Undo, settings: StormSettings, say: (line: string) => void): Promise<Omit<StormRun, 'command'>> {
  const machine = readMachine();
  const startedAt = new Date().toISOString();
  const crashes: string[] = [];
  const { seed, rooms, clients, perSecond } = settings;
  const redis = await RedisServer.start(undo);
  const { urls, members, front } = await startInstances(undo, redis.url, (what) => crashes.push(what));
  const killed = Math.floor(seeded(seed)() * INSTANCES);

  const [crowd, watchers] = [startCrowd(undo), startCrowd(undo)];
  const stay = urls.filter((_, index) => index !== killed);
  await watchers.call('open', { urls: stay, clients: rooms * WATCHERS_PER_ROOM, rooms, seed, name: 'watcher' });
  say(`connecting ${clients} clients`);
  await crowd.call('open', { urls: [front], clients, rooms, seed, name: 'client' });
  await watchers.call('publish', { perSecond });
  const staying = members.filter((_, index) => index !== killed).map(({ pid }) => pid);
  const endSteady = watchUse(staying);
  await delay(STEADY_MS);
  const steady = endSteady();

  const readsBefore = await readsOf(redis);
  const endStorm = watchUse(staying);
  const killedAtMs = Date.now();
  say(`killing hub-${killed + 1}`);
  await members[killed]!.kill();
  // Its clients notice within the first look.
  await delay(LOOK_MS);
  while ((await crowd.call('away', {})) > 0 && Date.now() < killedAtMs + GIVE_UP_MS) await delay(LOOK_MS);
  const logReads = (await readsOf(redis)) - readsBefore;
  const used = endStorm();
  const cpuSeconds = used.cpuSeconds - (steady.cpuSeconds / steady.seconds) * used.seconds;
  say('all are back, or given up');
  const untilMs = Math.max(Date.now(), killedAtMs + STORM_MS);
  await delay(untilMs - Date.now());

  const heads = await watchers.call('end', {});
  const asked = { heads, killedAtMs, untilMs, waitMs: 10_000 };
  const [crowdFigures, watcherFigures] = await Promise.all([crowd.call('figures', asked), watchers.call('figures', asked)]);
  return { settings, startedAt, machine, crowd: crowdFigures, watchers: watcherFigures, logReads, cpuSeconds, crashes };
}

async function startInstances(undo: Undo, redisUrl: string, onCrash: (what: string) => void) {
  const ports = await Promise.all(Array.from({ length: INSTANCES }, freePort));
  const members = ports.map((port, index) => new Member(`hub-${index + 1}`, () => launchHub(undo, port, redisUrl, ENV), onCrash));
  await Promise.all(members.map((member) => member.start()));
  undo.defer(members, (started) => Promise.all(started.map((member) => member.kill())));
  const { url: front } = await startNginx(
    undo,
    ports.map((port) => ({ port })),
  );
  return { members, front, urls: ports.map((port) => `http://127.0.0.1:${port}`) };
}

function startCrowd(undo: Undo) {
  return undo.defer(startProcess<CrowdCalls>(new URL('./process.js', import.meta.url)), (started) => started.stop());
}

/** Commands that read entries, also those within scripts. Source: https://redis.io/docs/latest/commands/info/, commandstats. */
async function readsOf({ url }: RedisServer): Promise<number> {
  const client = createClient({ url });
  await client.connect();
  const stats = await client.info('commandstats');
  client.destroy();
  return [...stats.matchAll(/^cmdstat_x(?:rev)?range:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}
