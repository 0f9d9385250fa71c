import { attributes, type Json, metricsRequest, nanoseconds } from '../../test/support/otlp.js';
import { packedRequest } from '../../test/support/remote-write.js';

/** Series of one request of remote write, and of OTLP: what newer Prometheus sends at most by itself. */
const SERIES_PER_REQUEST = 2_000;
const LINES_PER_BODY = 1_000;
/** Times that each series is sent, with another value: as many bodies as there must be for values not to be known ones. */
const ROUNDS = 5;
const STEP_MS = 1_000;

export interface Bodies {
  readonly bodies: readonly Buffer[];
  /** In all of them. */
  readonly samples: number;
}

const inParts = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, part) => items.slice(part * size, (part + 1) * size));

const rounds = <Body>(make: (t: number) => Body[]): Body[] =>
  Array.from({ length: ROUNDS }, (_, round) => make(Date.now() + round * STEP_MS)).flat();

/** What a node exporter's series look like: eight modes of many cores. */
export function remoteWriteBodies(series: number): Bodies {
  const at = (i: number, t: number) => ({
    labels: {
      __name__: 'node_cpu_seconds_total',
      cpu: String(i >> 3),
      instance: 'web-1.example.com:9100',
      job: 'node',
      mode: `mode${i & 7}`,
    },
    samples: [[Math.random() * 1e6, t] as const],
  });
  const make = (t: number) =>
    inParts(
      Array.from({ length: series }, (_, i) => at(i, t)),
      SERIES_PER_REQUEST,
    ).map((part) => packedRequest(part));
  return { bodies: rounds(make), samples: series * ROUNDS };
}

/** What Telegraf's lines look like: some fields of many cores, with nanoseconds. */
export function influxBodies(series: number, fields: number): Bodies {
  const lines = Math.ceil(series / fields);
  const valuesOf = () => Array.from({ length: fields }, (_, field) => `usage_${field}=${(Math.random() * 100).toFixed(6)}`).join(',');
  const lineOf = (i: number, t: number) => `cpu,cpu=cpu${i},host=web-1.example.com,region=eu-central-1 ${valuesOf()} ${t}000000\n`;
  const make = (t: number) =>
    inParts(
      Array.from({ length: lines }, (_, i) => lineOf(i, t)),
      LINES_PER_BODY,
    ).map((part) => Buffer.from(part.join('')));
  return { bodies: rounds(make), samples: lines * fields * ROUNDS };
}

/** What the counters of a service look like, as OpenTelemetry's SDK sends them. */
export function otlpBodies(series: number, encode: (request: Json) => Buffer): Bodies {
  const from = {
    resource: { 'service.name': 'shop', 'service.instance.id': 'web-1.example.com' },
    scope: { name: 'http', version: '1.0' },
  };
  const start = nanoseconds(Date.now() - 60_000);
  const at = (i: number, t: number) => ({
    attributes: attributes({ 'http.request.method': 'GET', 'http.route': `/orders/${i}`, 'server.port': '443' }),
    startTimeUnixNano: start,
    timeUnixNano: nanoseconds(t),
    asDouble: Math.random() * 1e6,
  });
  const requestOf = (dataPoints: Json[]) =>
    metricsRequest([{ name: 'http.server.requests', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } }], from);
  const make = (t: number) =>
    inParts(
      Array.from({ length: series }, (_, i) => at(i, t)),
      SERIES_PER_REQUEST,
    ).map((part) => encode(requestOf(part)));
  return { bodies: rounds(make), samples: series * ROUNDS };
}
