import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Principal } from '../../server/auth/principal.js';
import type { IngestRoutesOptions } from '../../server/ingest/ingest-routes.js';
import { IngestService, type IngestServiceOptions } from '../../server/ingest/ingest-service.js';
import { LogCoalescer } from '../../server/ingest/lines/log-coalescer.js';
import { RoomOutbox } from '../../server/ingest/room-outbox.js';
import { createSenderRoutes } from '../../server/ingest/sender-routes.js';
import { checkPayload } from '../../server/limits/payload-checks.js';
import { SampleCoalescer } from '../../server/metrics/sample-coalescer.js';
import { eachSample } from '../../server/metrics/sample-columns.js';
import { systemClock } from '../../server/observe/clock.js';
import { type ErrorCode, HubError } from '../../shared/errors.js';
import type { PublishAnswer, SampleColumns } from '../../shared/protocol.js';
import { KINDS } from '../../shared/rooms.js';
import type { LogLine } from '../../shared/schemas.js';

const servers: Server[] = [];
/** To be called after each test. */
export function closeIngestHubs(): void {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
}

export const sender = (grants: string[], expiresAt?: number): Principal => ({
  user: { id: 'sender', name: 'sender' },
  guest: false,
  admin: false,
  grants: { read: [], write: [], ingest: grants },
  ...(expiresAt !== undefined && { expiresAt }),
});

export interface GivenIngest {
  routes?: Partial<IngestRoutesOptions>;
  service?: Partial<IngestServiceOptions>;
  principal?: Principal;
}

/** The ingestion routes on a real server, into rooms that a test can look at. */
export async function ingestHub({ routes, service, principal = sender(['metrics:*', 'logs:*']) }: GivenIngest = {}) {
  const lines = new Map<string, LogLine[]>();
  const values = new Map<string, Map<string, { value: number; t: number }>>();
  const counts: Record<string, number> = {};
  const store: { fails?: ErrorCode | undefined; failsAfter?: number | undefined; slow?: { room: string; until: Promise<void> } } = {};
  const stored: (() => void)[] = [];
  const ids = new Set<string>();
  const publish = async (room: string, type: string, data: unknown, { id = '' } = {}): Promise<PublishAnswer> => {
    if (store.fails || store.failsAfter === 0) throw new HubError(store.fails ?? 'unavailable');
    if (store.failsAfter !== undefined) store.failsAfter--;
    if (ids.has(`${room} ${id}`)) return { id, position: 'e:1', time: 0, repeated: true };
    ids.add(`${room} ${id}`);
    if (store.slow?.room === room) await store.slow.until;
    if (type === 'lines') lines.set(room, [...(lines.get(room) ?? []), ...(data as { lines: LogLine[] }).lines]);
    else eachSample(data as SampleColumns, (name, value, t) => values.set(room, (values.get(room) ?? new Map()).set(name, { value, t })));
    for (const call of stored.splice(0)) call();
    return { id: '', position: 'e:1', time: 0 };
  };
  const clock = systemClock;
  const outbox = new RoomOutbox({ publisher: { publish }, clock, retryForMs: 100, retryMs: 10, bytesPerRoom: 1_500_000 });
  const samples = new SampleCoalescer({ outbox, clock, seriesPerSender: 100 });
  const ingest = new IngestService({
    kinds: KINDS,
    clock,
    samples,
    lines: new LogCoalescer({ outbox, clock, batchMs: 10 }),
    checkPayload: (value) => checkPayload(value, { depth: 32, bytes: 0 }),
    count: (what, outcome, amount) => {
      counts[`${what} ${outcome}`] = (counts[`${what} ${outcome}`] ?? 0) + amount;
    },
    ...service,
  });
  const faults: unknown[] = [];
  const router = createSenderRoutes({
    ingest,
    authenticate: () => principal,
    bodyLimitBytes: 1_000_000,
    onFault: (error) => faults.push(error),
    ...routes,
  });
  const server = createServer(express().use(router));
  server.requestTimeout = 0;
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${origin}${path}`, { method: 'POST', body, headers });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const text = bytes.toString();
    return {
      status: answer.status,
      headers: answer.headers,
      bytes,
      text,
      json: answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : '',
    };
  };
  /** A request whose body stays open. */
  const open = (path: string, headers: Record<string, string> = {}, method = 'POST') => {
    const req = request(`${origin}${path}`, { method, headers });
    req.on('error', () => {});
    return req;
  };
  const storedNext = () => new Promise<void>((resolve) => stored.push(resolve));
  const texts = (room = 'logs:a') => (lines.get(room) ?? []).map(({ text }) => text);
  return { post, open, texts, lines, values, counts, store, storedNext, samples, faults };
}

/** What a request whose body was written by hand is answered. */
export async function answerOf(
  req: ClientRequest,
): Promise<{ status: number | undefined; json: { error?: { code: string } } & Record<string, unknown> }> {
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const text = (await res.toArray()).join('');
  return { status: res.statusCode, json: text ? JSON.parse(text) : {} };
}
