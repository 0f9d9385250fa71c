import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Counter } from 'prom-client';
import type { Cache } from '../cache/cache.js';
import type { Engines } from '../engines/engines.js';
import type { HubMetrics } from '../observe/metrics.js';
import type { SocketPart } from './socket-part.js';

export interface TalliesOptions {
  server: HttpServer;
  sockets: Pick<SocketPart, 'straightBytes'>;
  cache: Pick<Cache, 'stats'>;
  engines: Pick<Engines, 'link'>;
  metrics: HubMetrics;
}

/** Counters that are kept elsewhere are brought into the registry this often. */
const BRING_MS = 1_000;
/** Connections of which that is done at once: with more of them, each has its turn later. Of all at once a large hub would feel it every time. */
const CONNECTIONS_AT_ONCE = 500;

/** Brings what sockets, cache and link count by themselves into the hub's metrics; gives the function that ends it. */
export function bringTallies({ server, sockets, cache, engines, metrics }: TalliesOptions): () => void {
  const traffic = countTraffic(server, metrics);
  const cacheReads = Object.keys(cache.stats()).map((result) => {
    const rise = riseOf(() => cache.stats()[result as keyof ReturnType<Cache['stats']>]);
    return () => metrics.cacheReads.inc({ result }, rise());
  });
  const reconnects = riseOf(() => engines.link?.counters.reconnects ?? 0);
  const straightBytes = riseOf(() => sockets.straightBytes());
  const bring = () => {
    traffic.bring();
    metrics.sentBytes.inc(straightBytes());
    for (const read of cacheReads) read();
    metrics.redisReconnects.inc({ link: 'hub' }, reconnects());
  };
  const timer = setInterval(bring, BRING_MS).unref();
  return () => {
    clearInterval(timer);
    traffic.end();
  };
}

/** Bytes of a connection that are in the registry already. */
interface Brought {
  sent: number;
  received: number;
}

/** Bytes of all connections of a server, whatever is spoken on them; TLS included. */
function countTraffic(server: HttpServer, { sentBytes, receivedBytes }: HubMetrics) {
  const open = new Map<Socket, Brought>();
  /** Goes on where it ended, past those that have left and to those that have come. */
  let turn = open.entries();
  const nextOpen = () => {
    const next = turn.next();
    if (!next.done) return next.value;
    turn = open.entries();
    return turn.next().value;
  };
  const bring = (socket: Socket, brought: Brought) => {
    const { bytesWritten, bytesRead } = socket;
    raise(sentBytes, bytesWritten - brought.sent);
    raise(receivedBytes, bytesRead - brought.received);
    brought.sent = bytesWritten;
    brought.received = bytesRead;
  };
  const end = (socket: Socket) => {
    const brought = open.get(socket);
    if (brought) bring(socket, brought);
    open.delete(socket);
    // An iterator holds what its map had until it goes on, and without connections it does not.
    if (open.size === 0) turn = open.entries();
  };
  // One for all connections: it is called on the one that has ended.
  function onClose(this: Socket): void {
    end(this);
  }
  const add = (socket: Socket) => {
    open.set(socket, { sent: 0, received: 0 });
    socket.on('close', onClose);
  };
  server.on('connection', add);
  return {
    bring: () => {
      for (let asked = 0; asked < Math.min(open.size, CONNECTIONS_AT_ONCE); asked++) {
        const next = nextOpen();
        if (next) bring(...next);
      }
    },
    end: () => void server.off('connection', add),
  };
}

/** By how much a number has risen since it was asked for last. */
function riseOf(read: () => number): () => number {
  let before = 0;
  return () => {
    const now = read();
    const rise = now - before;
    before = now;
    return rise;
  };
}

/** A counter never falls. */
function raise(counter: Counter, by: number): void {
  if (by > 0) counter.inc(by);
}
