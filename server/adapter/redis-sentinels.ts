import { reasonOf } from './command-errors.js';
import { askOnce } from './redis-ask.js';
import { hostName, type RedisHost, type RedisTopology, targetAt } from './topology.js';

type SentinelTopology = Extract<RedisTopology, { form: 'sentinel' }>;

/** A Sentinel that has not answered by then is not asked any more. */
const ANSWER_MS = 1_000;

/**
 * Where the master is. All Sentinels are asked: one that was cut off from the others still names the former master, and the newest
 * configuration (the highest epoch) is the valid one.
 * @see https://redis.io/docs/latest/develop/reference/sentinel-clients/
 * @throws Error when none of them knows it
 */
export async function findMaster(topology: SentinelTopology): Promise<RedisHost> {
  const answers = await Promise.allSettled(topology.sentinels.map((sentinel) => askSentinel(sentinel, topology)));
  const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const newest = known.sort((a, b) => b.epoch - a.epoch)[0];
  if (newest) return newest.master;
  const reasons = answers.flatMap((answer, at) =>
    answer.status === 'rejected' ? [`${hostName(topology.sentinels[at]!)}: ${reasonOf(answer.reason)}`] : [],
  );
  throw new Error(`no Sentinel tells where ${topology.master} is (${reasons.join('; ')})`);
}

async function askSentinel(sentinel: RedisHost, topology: SentinelTopology): Promise<{ master: RedisHost; epoch: number }> {
  const target = targetAt(sentinel, { login: topology.sentinelLogin, tls: topology.tls });
  const fields = fieldsOf(await askOnce(target, ['SENTINEL', 'MASTER', topology.master], ANSWER_MS));
  return { master: { host: fields.get('ip') ?? '', port: Number(fields.get('port')) }, epoch: Number(fields.get('config-epoch')) };
}

/** RESP3 has a map here, RESP2 names and values by turns. */
function fieldsOf(reply: unknown): Map<string, string> {
  if (!Array.isArray(reply)) return new Map(Object.entries(reply as Record<string, string>));
  return new Map(Array.from({ length: reply.length / 2 }, (_, at) => [String(reply[2 * at]), String(reply[2 * at + 1])]));
}
