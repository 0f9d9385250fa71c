import { HubError } from '../../shared/errors.js';
import type { RedisClient } from './redis-client.js';

/** Makes a call on the client of whichever server holds the key; without a key, of any. */
export type SendToKey = <Result>(key: string | undefined, call: (client: RedisClient) => Promise<Result>) => Promise<Result>;

type Call = (...args: unknown[]) => Promise<unknown>;

const SCRIPT_COMMANDS = new Set(['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO', 'FCALL']);
const KEYLESS_COMMANDS = new Set(['SCRIPT', 'PING', 'INFO', 'TIME', 'ROLE', 'CONFIG', 'CLIENT', 'CLUSTER']);

/**
 * Looks like the client of one server; each call goes where its key is. What the hub calls has its keys at the places that `keyOf`
 * knows, all of one hash tag; several such calls may be under way at once, each to its own server.
 */
export function clusterClient(send: SendToKey): RedisClient {
  return derivedClient(send, (client) => client);
}

function derivedClient(send: SendToKey, derive: (client: RedisClient) => RedisClient): RedisClient {
  const get = (_: object, method: string | symbol) => {
    // A promise that gives this client would ask whether it is a promise itself.
    if (typeof method === 'symbol' || method === 'then') return undefined;
    if (method === 'withTypeMapping') {
      return (mapping: Parameters<RedisClient['withTypeMapping']>[0]) =>
        derivedClient(send, (client) => derive(client).withTypeMapping(mapping) as unknown as RedisClient);
    }
    return (...args: unknown[]) => send(keyOf(method, args), (client) => callOn(derive(client), method)(...args));
  };
  // It has every method of the client by forwarding, which no type can say.
  return new Proxy({}, { get }) as unknown as RedisClient;
}

/** As the client, with the word ahead of each command that lets a server answer for a slot that it is being given. */
export function askingClient(client: RedisClient): RedisClient {
  return new Proxy(client, {
    get(target, method) {
      if (typeof method === 'symbol') return Reflect.get(target, method);
      if (method === 'withTypeMapping') {
        return (mapping: Parameters<RedisClient['withTypeMapping']>[0]) =>
          askingClient(target.withTypeMapping(mapping) as unknown as RedisClient);
      }
      return (...args: unknown[]) => {
        // Both are written in this turn, one behind the other. Where the first fails, the second does.
        target.sendCommand(['ASKING']).catch(() => {});
        return callOn(target, method)(...args);
      };
    },
  });
}

function callOn(client: RedisClient, method: string): Call {
  return (client as unknown as Record<string, Call>)[method]!.bind(client);
}

/** The first key of a call, which decides for all of them. @throws HubError when the call names none */
export function keyOf(method: string, args: readonly unknown[]): string | undefined {
  const key = method === 'sendCommand' ? keyOfCommand(args[0] as readonly (string | Buffer)[]) : keyOfCall(method, args);
  if (key === null) throw new HubError('internal', `${method} names no key, so no server of the Cluster is meant`);
  return key;
}

function keyOfCommand(command: readonly (string | Buffer)[]): string | undefined | null {
  const name = String(command[0]).toUpperCase();
  if (KEYLESS_COMMANDS.has(name)) return undefined;
  const at = SCRIPT_COMMANDS.has(name) ? 3 : name === 'PUBSUB' ? 2 : 1;
  return command[at] === undefined ? null : String(command[at]);
}

function keyOfCall(method: string, [first, options]: readonly unknown[]): string | undefined | null {
  if (KEYLESS_COMMANDS.has(method.toUpperCase())) return undefined;
  if (method === 'eval' || method === 'evalSha') return (options as { keys?: string[] } | undefined)?.keys?.[0] ?? null;
  const key = Array.isArray(first) ? first[0] : first;
  return typeof key === 'string' || Buffer.isBuffer(key) ? String(key) : null;
}
