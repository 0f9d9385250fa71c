import { setTimeout as delay } from 'node:timers/promises';
import type { FaultCluster } from './cluster.js';
import type { FaultKind } from './kinds.js';
import type { Member } from './member.js';
import type { Fault } from './schedule.js';

/** What a fault needs beside the cluster. */
export interface Injection {
  readonly cluster: FaultCluster;
  /** Publishes some large messages into every room. */
  burst(bytes: number): Promise<void>;
}

/** A fault as it begins and holds; what it gives heals it. */
type Carry = (injection: Injection, fault: Fault) => Promise<() => unknown>;

const DELAY_MS = { least: 20, most: 400 };
const BYTES_PER_SECOND = { least: 20_000, most: 200_000 };
const BURST_BYTES = 32_000;
const BURST_EVERY_MS = 1_000;
const NOTHING = () => undefined;

const scaled = ({ least, most }: { least: number; most: number }, strength: number) => Math.round(least + strength * (most - least));
const configured = (...settings: [name: string, value: string][]) => settings.map((setting) => ['CONFIG', 'SET', ...setting]);
const instanceOf = ({ cluster }: Injection, { target }: Fault) => cluster.instances[target % cluster.instances.length]!;
const workerOf = ({ cluster }: Injection, { target }: Fault) => cluster.workers[target % Math.max(1, cluster.workers.length)];
/** One instance's link, or all of them. */
const linksOf = ({ cluster: { links } }: Injection, { target }: Fault) => (target < links.length ? [links[target]!] : links);

/** Holds while Redis has the settings, and gives what takes them back. */
async function withRedis({ cluster: { redis } }: Injection, { holdMs }: Fault, begin: string[][], end: string[][]) {
  await redis.command(...begin);
  await delay(holdMs);
  return () => redis.command(...end);
}

async function withLinks(injection: Injection, fault: Fault, begin: (link: FaultCluster['clientLink']) => void) {
  const links = linksOf(injection, fault);
  for (const link of links) begin(link);
  await delay(fault.holdMs);
  return () => {
    for (const link of links) link.heal();
  };
}

async function withClients({ cluster: { clientLink } }: Injection, { holdMs }: Fault, begin: 'cut' | 'blackHole') {
  clientLink[begin]();
  await delay(holdMs);
  return () => clientLink.heal();
}

async function redisAway({ cluster: { redis } }: Injection, { holdMs }: Fault, signal: 'SIGTERM' | 'SIGKILL') {
  await redis.signal(signal);
  await delay(holdMs);
  return () => redis.start();
}

async function killed(member: Member | undefined, { holdMs }: Fault) {
  await member?.kill();
  await delay(holdMs);
  return () => member?.start();
}

async function stopped(member: Member | undefined, { holdMs }: Fault) {
  member?.signal('SIGSTOP');
  await delay(holdMs);
  return () => member?.signal('SIGCONT');
}

const CARRY: Record<FaultKind, Carry> = {
  'redis-restart': (injection, fault) => redisAway(injection, fault, 'SIGTERM'),
  'redis-kill': (injection, fault) => redisAway(injection, fault, 'SIGKILL'),
  'redis-stop': async ({ cluster: { redis } }, { holdMs }) => {
    await redis.signal('SIGSTOP');
    await delay(holdMs);
    return () => redis.signal('SIGCONT');
  },
  'redis-black-hole': (injection, fault) => withLinks(injection, fault, (link) => link.blackHole()),
  'redis-delay': (injection, fault) => withLinks(injection, fault, (link) => link.delay(scaled(DELAY_MS, fault.strength))),
  'redis-throttle': (injection, fault) => withLinks(injection, fault, (link) => link.throttle(scaled(BYTES_PER_SECOND, fault.strength))),
  'redis-client-kill': async ({ cluster: { redis } }) => {
    await redis.command(['CLIENT', 'KILL', 'TYPE', 'pubsub'], ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
    return NOTHING;
  },
  'redis-flush': async ({ cluster: { redis } }) => {
    await redis.command(['FLUSHALL']);
    return NOTHING;
  },
  'redis-output-buffer': async ({ cluster: { redis }, burst }, { holdMs }) => {
    await redis.command(...configured(['client-output-buffer-limit', 'pubsub 16384 0 0']));
    for (let leftMs = holdMs; leftMs > 0; leftMs -= BURST_EVERY_MS) {
      await burst(BURST_BYTES);
      await delay(Math.min(leftMs, BURST_EVERY_MS));
    }
    return () => redis.command(...configured(['client-output-buffer-limit', 'pubsub 33554432 8388608 60']));
  },
  'redis-oom': (injection, fault) =>
    withRedis(injection, fault, configured(['maxmemory-policy', 'noeviction'], ['maxmemory', '1000000']), configured(['maxmemory', '0'])),
  'redis-readonly': (injection, fault) => withRedis(injection, fault, [['REPLICAOF', '127.0.0.1', '1']], [['REPLICAOF', 'NO', 'ONE']]),
  'instance-kill': (injection, fault) => killed(instanceOf(injection, fault), fault),
  'instance-stop': (injection, fault) => stopped(instanceOf(injection, fault), fault),
  'client-cut': (injection, fault) => withClients(injection, fault, 'cut'),
  'client-black-hole': (injection, fault) => withClients(injection, fault, 'blackHole'),
  'nginx-reload': async ({ cluster }) => {
    cluster.nginx.signal('SIGHUP');
    return NOTHING;
  },
  'rolling-restart': async ({ cluster: { instances } }) => {
    for (const instance of instances) {
      await instance.end();
      await instance.start();
    }
    return NOTHING;
  },
  'worker-kill': (injection, fault) => killed(workerOf(injection, fault), fault),
  'worker-stop': (injection, fault) => stopped(workerOf(injection, fault), fault),
};

/** What a fault hits, as a report names it. */
export function targetOf(injection: Injection, fault: Fault): string {
  const { kind } = fault;
  if (kind === 'instance-kill' || kind === 'instance-stop') return instanceOf(injection, fault).name;
  if (kind === 'worker-kill' || kind === 'worker-stop') return workerOf(injection, fault)?.name ?? 'no worker';
  if (kind === 'redis-black-hole' || kind === 'redis-delay' || kind === 'redis-throttle') {
    return fault.target < injection.cluster.links.length ? `link of ${injection.cluster.instances[fault.target]!.name}` : 'all links';
  }
  return kind === 'rolling-restart' ? 'all instances' : kind.split('-')[0]!;
}

/** Lets a fault happen, and heals it. @throws Error when it could not be done */
export async function carryOut(injection: Injection, fault: Fault): Promise<{ onsetMs: number; healMs: number }> {
  const onsetMs = Date.now();
  try {
    const heal = await CARRY[fault.kind](injection, fault);
    await heal();
  } catch (error) {
    throw new Error(`${fault.kind} could not be carried out: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  return { onsetMs, healMs: Date.now() };
}
