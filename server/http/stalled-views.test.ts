import { type IncomingMessage, request } from 'node:http';
import { expect, test } from '@jest/globals';
import type { Frame, LineBatch } from '../../shared/protocol.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();
/** So much that the system's own buffers of a connection are full. */
const MESSAGES = 400;
const PADDING = 'x'.repeat(40_000);
/** What may wait for a reader beside them: a page of the log, and one write. */
const WAITING_BYTES = 2 * 1024 * 1024;

/** A reader of a room's stream, as lines of JSON, that reads nothing until it is told to. */
async function stalled(url: string) {
  const asked = scope.defer(request(url, { headers: { accept: 'application/x-ndjson' } }), (open) => open.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => asked.once('response', resolve).once('error', reject).end());
  let text = '';
  const read = () =>
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  const events = <Data>(name: string): Data[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .flatMap(({ event, data }) => (event === name ? [data] : []));
  return { read, events };
}

const waiting = (sockets: Iterable<{ writableLength: number }>) => Math.max(...[...sockets].map((open) => open.writableLength));

test('[P103] [P104] a stream with skip whose reader stops is told how many lines it did not see, in bounded memory', async () => {
  const hub = await startHttpApp(scope);
  const { read, events } = await stalled(`${hub.url}/api/rooms/logs:api/events?level=info&skip=1`);
  for (let n = 1; n <= MESSAGES; n++) {
    await hub.rooms.system.publish('logs:api', 'lines', {
      lines: [
        { text: PADDING, fields: { n } },
        { text: 'no', level: 'debug' },
      ],
    });
  }
  expect(waiting(hub.sockets)).toBeLessThan(WAITING_BYTES);
  read();
  const numbers = () => events<LineBatch>('lines').flatMap(({ lines }) => lines.map(({ fields }) => fields!.n as number));
  await waitFor(() => numbers().at(-1) === MESSAGES);
  const skipped = events<LineBatch>('lines').reduce((sum, batch) => sum + (batch.skipped ?? 0), 0);
  expect(skipped).toBeGreaterThan(0);
  expect(numbers().length + skipped).toBe(MESSAGES);
  expect(numbers()).toEqual([...new Set(numbers())].sort((a, b) => a - b));
});

test('[P134] a stream of frames whose reader stops is given the newest value of each series, in bounded memory', async () => {
  const hub = await startHttpApp(scope);
  const { read, events } = await stalled(`${hub.url}/api/rooms/metrics:web/events?series=n_*`);
  const names = Array.from({ length: 1_500 }, (_, n) => `n_${n}`);
  for (let value = 1; value <= MESSAGES; value++) {
    await hub.rooms.system.publish('metrics:web', 'samples', { t: value, names, values: names.map((_, n) => value + n / 7) });
  }
  expect(waiting(hub.sockets)).toBeLessThan(WAITING_BYTES);
  read();
  await waitFor(() => events<Frame>('frame').some(({ values }) => values[0] === MESSAGES));
  const frames = events<Frame>('frame');
  expect(frames.length).toBeLessThan(MESSAGES);
  expect(frames.at(-1)).toMatchObject({ values: names.map((_, n) => MESSAGES + n / 7) });
});
