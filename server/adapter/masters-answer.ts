import { setTimeout as delay } from 'node:timers/promises';
import { openRedisLink } from './redis-link.js';

/** Milliseconds in which Sentinels and nodes have to say who is who, and the masters to answer. */
const MASTERS_MS = 5_000;

/** Reaches every master of a topology once, and tells what a crash of them could lose. @throws Error with what kept it from them */
export async function mastersAnswer(url: string, commandTimeoutMs: number): Promise<string> {
  let last = 'no answer';
  const keep = (_fields: unknown, text?: string) => {
    last = text ?? last;
  };
  const link = openRedisLink({ url, commandTimeoutMs, log: { info: () => {}, warn: keep, error: keep } });
  try {
    const isUp = await Promise.race([link.whenUp().then(() => true), delay(MASTERS_MS, false, { ref: false })]);
    if (!isUp) throw new Error(last);
    return link.durability;
  } finally {
    await link.close();
  }
}
