import { beforeAll, expect, test } from '@jest/globals';
import { get } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { fileScope } from '../../test/support/scope.js';
import { etagOf } from './caching.js';

const scope = fileScope();
const asked: unknown[] = [];
const FRESH_MS = 2_900;
const written = (text: string) => ({ text, etag: etagOf(text), freshUntil: Date.now() + FRESH_MS });
let url: string;
beforeAll(async () => {
  const app = await startHttpApp(scope, {
    metrics: {
      query: async (principal, room, parameters, format) => {
        if (format === 'csv') return written(`time,${room}\r\n`);
        asked.push([principal.user.id, room, { ...parameters }]);
        return written('{"series":[]}');
      },
      latest: async (_principal, room, format) => written(`# ${room} ${format}\n`),
    },
  });
  url = `${app.url}/api/metrics`;
});

test('a range is asked for with who asks and what, and may be kept for moments', async () => {
  const { body, headers } = await get(`${url}/metrics:web%2F1/query?series=cpu&series=mem&stepMs=1000`);
  expect(body).toEqual({ series: [] });
  expect(asked).toEqual([['alice', 'metrics:web/1', { series: ['cpu', 'mem'], stepMs: '1000' }]]);
  expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['private, max-age=2', 'Origin, Accept, Authorization, X-Guest-Key']);
});

test.each(['/metrics:a/query', '/metrics:a/query?format=csv', '/metrics:a'])('%s that did not change is not sent again', async (path) => {
  const first = await get(`${url}${path}`);
  const again = await get(`${url}${path}`, { 'if-none-match': first.headers.get('etag')!, 'cache-control': 'max-age=0' });
  expect([first.status, again.status, again.text]).toEqual([200, 304, '']);
  expect([again.headers.get('etag'), again.headers.get('cache-control')]).toEqual([first.headers.get('etag'), 'private, max-age=2']);
});

test.each([
  ['?format=csv', '*/*'],
  ['', 'text/csv'],
  ['', 'text/html;q=0.5, text/csv, application/json;q=0.9'],
])('a range is a table for those who ask for one: %s %s', async (query, accept) => {
  const { text, headers } = await get(`${url}/metrics:a/query${query}`, { accept });
  expect([headers.get('content-type'), text]).toEqual(['text/csv; charset=utf-8', 'time,metrics:a\r\n']);
});

test.each([
  ['*/*', 'text/plain; version=0.0.4; charset=utf-8', 'prometheus'],
  ['text/html', 'text/plain; version=0.0.4; charset=utf-8', 'prometheus'],
  [
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'openmetrics',
  ],
  ['text/csv', 'text/csv; charset=utf-8', 'csv'],
])('the latest values are written as the reader likes best: %s', async (accept, type, format) => {
  const { text, headers } = await get(`${url}/metrics:host`, { accept });
  expect([headers.get('content-type'), text]).toEqual([type, `# metrics:host ${format}\n`]);
  expect(headers.get('vary')).toContain('Accept');
});

test.each(['/metrics:a', '/metrics:a/query'])('%s has no format of another name', async (path) => {
  const { status, body } = await get(`${url}${path}?format=xml`);
  expect([status, body.error.code]).toEqual([400, 'invalid']);
});
