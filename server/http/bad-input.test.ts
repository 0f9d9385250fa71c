import { request } from 'node:http';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ERRORS } from '../../shared/errors.js';
import { createApiPaths } from '../../test/support/api-paths.js';
import { type RunningApp, startHttpApp } from '../../test/support/http-app.js';
import { fileScope } from '../../test/support/scope.js';
import { createHttpApp } from './app.js';

const scope = fileScope();
let hub: RunningApp;
beforeAll(async () => {
  hub = await startHttpApp(scope);
});

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Sends what fetch would refuse to send; an event stream is left at once. */
function ask({ method, path, headers, body }: Asked): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(hub.url);
  return new Promise((resolve, reject) => {
    const asked = request(
      { hostname, port, method, path, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        let text = '';
        const done = () => resolve({ status: response.statusCode!, text });
        if (response.headers['content-type']?.startsWith('text/event-stream')) {
          done();
          asked.destroy();
          return;
        }
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', done).on('error', reject);
      },
    );
    asked
      .setTimeout(30_000, () => asked.destroy(new Error('no answer')))
      .on('error', reject)
      .end(body);
  });
}

const odd = fc.constantFrom(
  '',
  '0',
  '-1',
  '1e9',
  'NaN',
  'null',
  'chat:lobby',
  'chat:',
  ':',
  '..',
  '%2F',
  '%00',
  '%',
  '%E0%A4%A',
  '__proto__',
  'a:1',
  '[]',
  '{}',
);
const segment = fc.oneof(
  odd,
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => encodeURIComponent(text)),
);
const names = [
  'after',
  'before',
  'limit',
  'last',
  'since',
  'prefix',
  'room',
  'series',
  '__proto__',
  'constructor',
  'access_token',
  'guest_key',
];
const query = fc
  .array(fc.tuple(fc.constantFrom(...names), segment), { maxLength: 4 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'));
const headers = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'content-encoding',
    'idempotency-key',
    'last-event-id',
    'origin',
    'range',
    'if-none-match',
    'authorization',
    'x-guest-key',
  ),
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'gzip',
      'bytes=0-',
      'Bearer alice',
      'null',
      '"',
      '%',
    ),
    fc.string({ maxLength: 20 }).map((text) => text.replace(/[^\x20-\x7e]/g, '').trim()),
  ),
);
const body = fc.oneof(
  fc.json().map((json) => `{"data":${json}}`),
  fc.json(),
  fc.string({ maxLength: 50 }),
  fc.constantFrom('', '{"data":', `${'['.repeat(2_000)}${']'.repeat(2_000)}`, '{"__proto__":{"data":1},"data":1}', '{"input":1,"key":[]}'),
);

test('[P18] [P22] no request is a fault of the hub: whatever comes, the answer is one that the protocol has', async () => {
  const paths = createApiPaths(createHttpApp).map(({ path }) => path);
  const path = fc
    .tuple(fc.constantFrom(...paths), fc.array(segment, { minLength: 2, maxLength: 2 }), query)
    .map(([route, fills, asked]) => `${route.replaceAll(/:\w+/g, () => fills.pop() ?? '')}?${asked}`);
  const asked = fc.record({ method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'OPTIONS'), path, headers, body });
  await fc.assert(
    fc.asyncProperty(asked, async (one) => {
      const { status, text } = await ask(one);
      expect(status).toBeLessThan(500);
      if (status < 400) return;
      const { error } = JSON.parse(text);
      expect(Object.keys(ERRORS)).toContain(error.code);
      expect(error.code).not.toBe('internal');
    }),
    { numRuns: 500, endOnFailure: true },
  );
  expect(hub.faults).toEqual([]);
});
