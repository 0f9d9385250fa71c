import { HttpError, InfluxDB, Point, setLogger } from '@influxdata/influxdb-client';
import { expect, test } from '@jest/globals';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { testScope } from './support/scope.js';
import { mintToken, SECRET } from './support/token.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
// Its failures are looked at, not printed.
setLogger({ error() {}, warn() {} });

test("what InfluxDB's own client writes is in its bucket's room, and what cannot be taken is an error of its sort", async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_TOKEN_SECRET: SECRET } });
  const token = await mintToken({ rooms: { ingest: ['metrics:web'], read: ['metrics:web'] } }, { sub: 'telegraf' });
  const failures: unknown[] = [];
  const writer = (bucket: string) =>
    new InfluxDB({ url: hub.url, token }).getWriteApi('any', bucket, 'ms', {
      gzipThreshold: 1,
      maxRetries: 0,
      writeFailed: (error) => void failures.push(error),
    });
  const t = Date.now();
  const point = (core: number) => new Point('cpu load').tag('core', String(core)).tag('a=b', 'c, "d" \\e').timestamp(t);

  const web = writer('web');
  for (let core = 0; core < 500; core++)
    web.writePoint(
      point(core)
        .floatField('us,age', core + 0.5)
        .intField('n', core)
        .stringField('s', 'x\n"y"'),
    );
  await web.close();
  expect(failures).toEqual([]);
  const latest = await waitFor(async () => {
    const { text } = await get(`${hub.url}/api/metrics/metrics:web`, { authorization: `Bearer ${token}` });
    const values = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return values.length === 1_000 ? values : undefined;
  });
  expect(latest.filter((line) => / 499\.5 \d+$/.test(line))).toHaveLength(1);

  const other = writer('other');
  other.writePoint(point(0).floatField('f', 1));
  await other.close().catch(() => {});
  const late = writer('web');
  late.writePoint(point(0).floatField('f', 1).timestamp(1));
  await late.close().catch(() => {});
  expect(failures).toEqual([expect.any(HttpError), expect.any(HttpError)]);
  expect(failures).toMatchObject([
    { statusCode: 403, code: 'forbidden' },
    { statusCode: 400, code: 'invalid', json: { message: expect.stringMatching(/^line 1: .* is too far from now .* dropped=1$/) } },
  ]);
});
