import { type IncomingMessage, request } from 'node:http';
import { expect, test } from '@jest/globals';
import type { Message } from '../../shared/protocol.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { countFrom } from '../../test/support/stock-client.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();
/** More than the system's own buffers of a connection take. */
const MESSAGES = 400;
const PADDING = 'x'.repeat(40_000);
/** What may wait for a reader beside them: a page of the log, and one write. */
const WAITING_BYTES = 2 * 1024 * 1024;

test('an event stream whose reader stops gets every message from the log when it reads on, in order, in bounded memory', async () => {
  const hub = await startHttpApp(scope);
  const asked = scope.defer(request(`${hub.url}/api/rooms/chat:slow/events`), (open) => open.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => asked.once('response', resolve).once('error', reject).end());
  expect(response.headers['content-type']).toContain('text/event-stream');
  let most = 0;
  for (let n = 1; n <= MESSAGES; n++) {
    await hub.rooms.system.publish('chat:slow', 'text', { n, pad: PADDING });
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, ...[...hub.sockets].map(({ writableLength }) => writableLength));
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(WAITING_BYTES);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const numbers = () =>
    text
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => (line.startsWith('data: ') ? [(JSON.parse(line.slice(6)) as Message<{ n: number }>).data?.n] : []))
      .filter((n) => n !== undefined);
  await waitFor(() => numbers().at(-1) === MESSAGES, { timeoutMs: 20_000 });
  expect(numbers()).toEqual(countFrom(1, MESSAGES));
});
