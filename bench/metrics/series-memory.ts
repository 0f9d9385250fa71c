// What an active series takes of a hub's memory, with somebody who watches it:
// `node --expose-gc dist/bench/metrics/series-memory.js [series] [rounds]`.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '../../client/sdk/roomcast.js';
import { createHub } from '../../server/roomcast.js';

const LIMIT_BYTES = 1_024;
const SERIES_PER_BODY = 1_000;
/** Until what came is stored, shown and rolled up, with what waits for a moment to be forgotten. */
const SETTLE_MS = 15_000;

const [series = 10_000, rounds = 60] = process.argv.slice(2).map(Number);
const { gc } = globalThis;
if (!gc) throw new Error('to be run with --expose-gc');

const dataDir = await mkdtemp(join(tmpdir(), 'roomcast-series-'));
const server = createServer();
const hub = await createHub({ server, dataDir, limits: false, hostMetrics: false, logLevel: 'warn' });
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function send(room: string, body: object[]): Promise<void> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const { status } = await fetch(`${url}/api/ingest/${room}`, init);
  if (status === 200) return;
  if (status !== 503) throw new Error(`the hub answered ${status}`);
  await delay(100);
  await send(room, body);
}

/** A value of each series per second of the last minutes, as a sender brings them that is behind. */
async function fill(room: string, count: number): Promise<void> {
  const since = Date.now() - rounds * 1_000;
  for (let round = 0; round < rounds; round++) {
    for (let from = 0; from < count; from += SERIES_PER_BODY) {
      const size = Math.min(SERIES_PER_BODY, count - from);
      const sample = (i: number) => ({
        name: 'http_requests_total',
        labels: { path: `/api/v1/items/${from + i}`, method: 'get', instance: `web-${i % 10}.example.com:9100`, job: 'web' },
        value: round * 1.5 + i,
        t: since + round * 1_000,
      });
      await send(
        room,
        Array.from({ length: size }, (_, i) => sample(i)),
      );
    }
  }
}

async function heldBytes(): Promise<number> {
  await delay(SETTLE_MS);
  for (let time = 0; time < 3; time++) gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const viewer = connect(url);
const rooms = ['metrics:first', 'metrics:second'] as const;
await Promise.all(rooms.map((room) => viewer.room(room, { last: 0 }).ready));
// The first room brings in what a hub holds however many series there are.
await fill(rooms[0], SERIES_PER_BODY);
const before = await heldBytes();
await fill(rooms[1], series);
const bytes = ((await heldBytes()) - before) / series;
console.log(`${bytes.toFixed(0)} bytes per active series (${series} series, ${rounds} values of each); at most ${LIMIT_BYTES}`);
process.exitCode = bytes <= LIMIT_BYTES ? 0 : 1;

await viewer.close();
await hub.close();
server.closeAllConnections();
server.close();
await rm(dataDir, { recursive: true, force: true });
