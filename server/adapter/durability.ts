import { replyCode } from './command-errors.js';
import type { RedisClient } from './redis-client.js';

/** What Redis says about itself. */
export interface RedisFacts {
  readonly version: string;
  /** What a crash of Redis could lose, in one sentence. */
  readonly durability: string;
  /** Something acknowledged could be lost. */
  readonly lossy: boolean;
}

interface Settings {
  readonly appendonly?: string;
  readonly appendfsync?: string;
  readonly save?: string;
  readonly maxmemory?: string;
  readonly 'maxmemory-policy'?: string;
  readonly 'min-replicas-to-write'?: string;
}

export const DURABILITY_UNKNOWN = 'Redis: what a crash could lose is unknown.';

/** Reads settings and version; a Redis that refuses CONFIG or INFO (managed ones do) is one of unknown durability. */
export async function readRedisFacts(client: RedisClient): Promise<RedisFacts> {
  const names = ['appendonly', 'appendfsync', 'save', 'maxmemory', 'maxmemory-policy', 'min-replicas-to-write'];
  const [info, replication, settings] = await Promise.all([
    unlessRefused(client.info('server'), ''),
    unlessRefused(client.info('replication'), ''),
    unlessRefused<Settings | undefined>(client.configGet(names), undefined),
  ]);
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  if (!settings) return { version, durability: DURABILITY_UNKNOWN, lossy: false };
  const replicas = Number(/^connected_slaves:(\d+)/m.exec(replication)?.[1] ?? 0);
  return { version, ...describeDurability(settings, replicas) };
}

/** @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ */
function describeDurability(settings: Settings, replicas = 0): Omit<RedisFacts, 'version'> {
  const { lossy, says } = persistenceOf(settings);
  const policy = settings['maxmemory-policy'] ?? 'noeviction';
  const evicts = policy !== 'noeviction' && (settings.maxmemory ?? '0') !== '0';
  const eviction = evicts ? `; its eviction policy ${policy} drops rooms when memory is full (noeviction does not)` : '';
  const failover = replicas > 0 ? `; ${failoverOf(settings)}` : '';
  return { durability: `Redis: ${says}${eviction}${failover}.`, lossy: lossy || evicts };
}

/** Replication is asynchronous: what a master acknowledged may not be at the replica that takes its place. */
function failoverOf({ 'min-replicas-to-write': asked = '0' }: Settings): string {
  const loses = 'a failover loses what its replica had not got yet';
  return asked === '0' ? `${loses}, without bound while they are apart (min-replicas-to-write is 0)` : loses;
}

/** The same of several masters, in one line: which of them is set to what, where they differ. */
export function describeMasters(masters: readonly { readonly name: string; readonly facts: RedisFacts }[]): string {
  const names = new Map<string, string[]>();
  for (const { name, facts } of masters) names.set(facts.durability, [...(names.get(facts.durability) ?? []), name]);
  if (names.size <= 1) return masters[0]?.facts.durability ?? DURABILITY_UNKNOWN;
  return [...names].map(([durability, of]) => `${durability.slice(0, -1)} (${of.join(', ')}).`).join(' ');
}

function persistenceOf({ appendonly, appendfsync, save }: Settings): { lossy: boolean; says: string } {
  if (appendonly === 'yes') {
    if (appendfsync === 'always') return { lossy: false, says: 'AOF always, a crash of Redis loses nothing acknowledged' };
    if (appendfsync === 'no') return { lossy: true, says: 'AOF without fsync, a crash of its machine can lose the last 30 s or so' };
    return { lossy: false, says: 'AOF everysec, a crash of Redis can lose up to 1 s' };
  }
  if (save) return { lossy: true, says: `snapshots only (save ${save}), a crash of Redis loses what came after the last one` };
  return { lossy: true, says: 'no persistence, a crash of Redis loses all rooms' };
}

async function unlessRefused<Reply>(asked: Promise<Reply>, otherwise: Reply): Promise<Reply> {
  try {
    return await asked;
  } catch (error) {
    if (replyCode(error) === undefined) throw error;
    return otherwise;
  }
}
