import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RoomName } from '../../shared/rooms.js';

/** The part of node-redis' client that this engine uses. */
export interface PresenceClient {
  sendCommand(args: readonly string[]): Promise<unknown>;
}

/** What this engine asks of the link to Redis. */
export interface PresenceLink {
  ready(): boolean;
  /** @throws HubError `unavailable` within 2 s when no answer comes */
  run<Result>(work: (client: PresenceClient) => Promise<Result>): Promise<Result>;
  onUp(listener: () => void): () => void;
  /** Hears a sharded channel; `doubt`: messages may have been missed. */
  subscribe(channel: string, listener: { message(payload: Buffer): void; doubt?(): void }): Promise<() => void>;
}

/** Names of all that this engine keeps. Everything of one room has one hash tag: one slot of a Redis Cluster. */
export class PresenceKeys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Instances by the end of their lease. */
  get instances(): string {
    return `${this.#prefix}:presence:instances`;
  }

  /** The rooms in which an instance may hold users. */
  roomsOf(instance: string): string {
    return `${this.#prefix}:presence:rooms:${instance}`;
  }

  channel(room: RoomName): string {
    return `${this.#prefix}:{${room}}:presence`;
  }

  /** The room's users: their ids in order, and their entries. */
  roster(room: RoomName): string[] {
    return [`${this.channel(room)}:ids`, `${this.channel(room)}:users`];
  }

  held(room: RoomName, instance: string): string {
    return `${this.channel(room)}:held:${instance}`;
  }
}

interface Script {
  readonly source: string;
  readonly sha: string;
}

/** `flags` as in https://redis.io/docs/latest/develop/programmability/eval-intro/#eval-flags. What frees memory must run when there is none left. */
function script(names: readonly string[], flags: '' | 'allow-oom' | 'no-writes'): Script {
  const parts = names.map((name) => readFileSync(new URL(`./presence-${name}.lua`, import.meta.url), 'utf8'));
  const source = [`#!lua${flags && ` flags=${flags}`}`, ...parts].join('\n');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

export const readScripts = () => ({
  change: script(['release', 'change'], ''),
  sweep: script(['release', 'sweep'], 'allow-oom'),
  list: script(['list'], 'no-writes'),
  lease: script(['lease'], 'allow-oom'),
});
export type PresenceScripts = ReturnType<typeof readScripts>;

/** Runs a script by its digest; a Redis that does not know it gets it. */
export function runScript(link: PresenceLink, { source, sha }: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  return link.run(async (client) => {
    try {
      return await client.sendCommand(['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return client.sendCommand(['EVAL', source, ...rest]);
    }
  });
}
