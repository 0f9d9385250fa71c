import { readFileSync } from 'node:fs';
import type { SessionStore } from './session-store.js';

const SESSION_SCRIPT = readFileSync(new URL('./redis-session.lua', import.meta.url), 'utf8');

/** The part of node-redis' client that this engine uses. */
interface ScriptClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What this engine asks of the link to Redis. */
export interface SessionLink {
  /** @throws HubError `unavailable`, `timeout` within 2 s */
  run<Result>(work: (client: ScriptClient) => Promise<Result>): Promise<Result>;
}

export interface RedisSessionStoreOptions {
  readonly link: SessionLink;
  /** In front of each key. */
  readonly prefix: string;
}

/** The engine of many instances: a hash per session, changed by one script, so that two who want the same session agree whose it is. */
export function createRedisSessionStore({ link, prefix }: RedisSessionStoreOptions): SessionStore {
  const call = (pid: string, ...args: string[]) =>
    link.run((client) => client.eval(SESSION_SCRIPT, { keys: [`${prefix}:session:${pid}`], arguments: args }));
  return {
    async open(pid, owner, { user, text }, ttlMs) {
      await call(pid, 'open', owner, String(ttlMs), user, text);
    },
    async save(pid, owner, text, ttlMs) {
      return (await call(pid, 'save', owner, String(ttlMs), text)) === 1;
    },
    async take(pid, owner, user, ttlMs) {
      const text = await call(pid, 'take', owner, String(ttlMs), user);
      return typeof text === 'string' ? text : undefined;
    },
    async remove(pid, owner) {
      await call(pid, 'remove', owner);
    },
    // The link is somebody else's.
    close: async () => {},
  };
}
