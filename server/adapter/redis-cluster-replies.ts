import type { RedisHost } from './topology.js';

/** Slots that one master has, both ends included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly at: RedisHost;
}

/** @see https://redis.io/docs/latest/commands/cluster-slots/ A server that does not know its own name is the one that was asked. */
export function parseSlots(reply: unknown, askedAt: RedisHost): SlotRange[] {
  return (reply as [number, number, [string | null, number]][]).map(([first, last, [host, port]]) => ({
    first,
    last,
    at: { host: host || askedAt.host, port },
  }));
}

/** Where a MOVED or ASK reply sends to: `MOVED 3999 127.0.0.1:6381`, `ASK 3999 ::1:6381`. Undefined: it is neither. */
export function redirectionOf(reply: unknown): { slot: number; at: RedisHost } | undefined {
  const [, slot, host, port] = (reply instanceof Error && /^(?:MOVED|ASK) (\d+) (.+):(\d+)$/.exec(reply.message)) || [];
  return host === undefined ? undefined : { slot: Number(slot), at: { host, port: Number(port) } };
}
