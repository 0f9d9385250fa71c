import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RESP_TYPES } from 'redis';
import type { LogClient } from './redis-log-link.js';

/** A script of the room log: a preamble that all share, then its own file. */
export interface RedisScript {
  readonly source: string;
  readonly sha: string;
}

/**
 * `flags` as in https://redis.io/docs/latest/develop/programmability/eval-intro/#eval-flags; without `allow-oom` a script is
 * refused as a whole when memory is full, before it has done anything.
 */
export function readScript(file: 'append.lua' | 'read.lua', flags: 'allow-oom' | '' = ''): RedisScript {
  const [preamble, own] = ['open-room.lua', file].map((name) => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8'));
  const source = `#!lua${flags ? ` flags=${flags}` : ''}\n${preamble}\n${own}`;
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** Runs a script by its digest; a Redis that forgot it gets it again. Strings of the reply come as bytes. */
export async function runScript<Reply>(
  client: LogClient,
  { source, sha }: RedisScript,
  keys: readonly string[],
  args: readonly (string | Buffer)[],
): Promise<Reply> {
  const options = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return (await client.sendCommand(['EVALSHA', sha, ...rest], options)) as Reply;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return (await client.sendCommand(['EVAL', source, ...rest], options)) as Reply;
  }
}
