// What the pictures show: people who talk, and a service that writes its log.
import { io } from 'socket.io-client';

const TALK = [
  ['Mira', 'Deploy of the new exporter is out. Watch metrics:node for the numbers.'],
  ['Jonas', 'p99 went from 41 to 12 ms on web-1'],
  ['Ada', 'nice. is that with the cache warm?'],
  ['Jonas', 'cold. warm it is 6'],
  ['Mira', 'Then I take the old path out tomorrow.'],
];
const OTHER_ROOM = { room: 'chat:deploys', id: 'd1', data: { text: 'web-1 is on 2.4.1' } };

/** @returns the function that lets them leave */
export async function letPeopleTalk(hubUrl) {
  const people = new Map();
  for (const [name] of TALK) {
    if (people.has(name)) continue;
    const socket = io(hubUrl, { auth: { name, guestKey: `${name.toLowerCase()}screenshots0001` } });
    people.set(name, socket);
    await socket.emitWithAck('subscribe', { room: 'chat:lobby' });
  }
  for (const [i, [name, text]] of TALK.entries()) {
    await people.get(name).emitWithAck('publish', { room: 'chat:lobby', id: `talk-${i}`, data: { text } });
  }
  await people.get('Ada').emitWithAck('publish', OTHER_ROOM);
  return () => {
    for (const socket of people.values()) socket.disconnect();
  };
}

const PATHS = ['/api/items', '/api/items/42', '/api/cart', '/login', '/health'];
const LINES = 240;
const LINE_MS = 310;

/** Lines of a service of the last minutes: mostly requests, some that were slow, some that failed. */
export async function writeLog(hubUrl) {
  const begun = Date.now() - LINES * LINE_MS;
  const lines = Array.from({ length: LINES }, (_, n) => JSON.stringify({ time: begun + n * LINE_MS, ...lineOf(n) }));
  await fetch(`${hubUrl}/api/ingest/logs:shop`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
}

function lineOf(n) {
  const source = `web-${(n % 3) + 1}`;
  const path = PATHS[(n * 7) % PATHS.length];
  if (n % 37 === 5)
    return {
      level: 'error',
      source,
      text: 'payment provider did not answer within 2 s',
      fields: { path: '/api/cart', status: 502, attempt: 3 },
    };
  if (n % 19 === 3) return { level: 'warn', source, text: 'slow query: 840 ms', fields: { table: 'items', rows: 12_000 } };
  if (n % 11 === 2) return { level: 'debug', source, text: `cache \u001b[32mhit\u001b[0m for ${path}` };
  return { level: 'info', source, text: `GET ${path} in ${4 + ((n * 13) % 41)} ms`, fields: { status: 200, user: `u${(n * 17) % 90}` } };
}
