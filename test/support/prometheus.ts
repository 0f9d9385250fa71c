import { writeFile } from 'node:fs/promises';
import { type Child, startChild } from '../../server/cli/child.js';
import { formatSeries } from '../../shared/series-name.js';
import { storageDir } from './files.js';
import { get, send } from './http.js';
import type { Scope } from './scope.js';

const LISTENS = /msg="Listening on" address=(127\.0\.0\.1:\d+)/;

/** Starts a program of Prometheus' family on a free port of loopback, and waits until it listens. */
async function startServer(scope: Scope, name: string, args: readonly string[]): Promise<Child & { address: string }> {
  const child = await startChild(name, name, ['--web.listen-address=127.0.0.1:0', ...args]);
  scope.defer(child, () => child.stop());
  const [, address] = await child.printed(LISTENS);
  return { ...child, address: address! };
}

export const startNodeExporter = (scope: Scope) => startServer(scope, 'prometheus-node-exporter', []);

/** One sample as Prometheus has it stored: the hub's name for the series, milliseconds, value. */
export type StoredSample = readonly [series: string, t: number, value: number];

export interface PrometheusServer {
  /** What it tells of itself at `/metrics`, the values of one name added up. */
  own(name: string): Promise<number>;
  /** All that it has of a job, as often as it was scraped. */
  stored(job: string): Promise<StoredSample[]>;
  scrapes(job: string): Promise<{ good: number; failed: number }>;
  /** Number of a job's series that have not ended. */
  live(job: string): Promise<number>;
  /** Takes the targets away: Prometheus marks their series as ended some seconds later. */
  stopScraping(): Promise<void>;
}

/** Time between two scrapes of a target. */
export const SCRAPE_MS = 500;

const config = (remoteWriteUrl: string, targets: Readonly<Record<string, readonly string[]>>) => `
global: { scrape_interval: ${SCRAPE_MS}ms, scrape_timeout: ${SCRAPE_MS}ms }
scrape_configs: ${JSON.stringify(Object.entries(targets).map(([job, listed]) => ({ job_name: job, static_configs: [{ targets: listed }] })))}
remote_write:
  - url: ${remoteWriteUrl}
    queue_config: { batch_send_deadline: 200ms }
`;

/** A real Prometheus that scrapes each target every `SCRAPE_MS`, and writes all that it has to a hub. */
export async function startPrometheus(
  scope: Scope,
  remoteWriteUrl: string,
  targets: Readonly<Record<string, readonly string[]>>,
): Promise<PrometheusServer> {
  const dir = await storageDir(scope);
  const file = `${dir}/prometheus.yml`;
  await writeFile(file, config(remoteWriteUrl, targets));
  const { address } = await startServer(scope, 'prometheus', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${dir}/data`,
    '--web.enable-lifecycle',
  ]);
  const url = `http://${address}`;
  const query = async (text: string) => (await get(`${url}/api/v1/query?query=${encodeURIComponent(text)}`)).body.data.result;
  const number = async (text: string) => Number((await query(text))[0]?.value[1] ?? 0);
  return {
    async own(name) {
      const { text } = await get(`${url}/metrics`);
      return text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    async stored(job) {
      const found: { metric: Record<string, string>; values: [number, string][] }[] = await query(`{job="${job}"}[1h]`);
      return found.flatMap(({ metric: { __name__, ...labels }, values }) =>
        values.map(([seconds, value]): StoredSample => [formatSeries(__name__!, labels), Math.round(seconds * 1_000), Number(value)]),
      );
    },
    async scrapes(job) {
      const good = await number(`sum_over_time(up{job="${job}"}[1h])`);
      return { good, failed: (await number(`count_over_time(up{job="${job}"}[1h])`)) - good };
    },
    live: (job) => number(`count({job="${job}"})`),
    async stopScraping() {
      await writeFile(file, config(remoteWriteUrl, Object.fromEntries(Object.keys(targets).map((job) => [job, []]))));
      await send('POST', `${url}/-/reload`);
    },
  };
}
