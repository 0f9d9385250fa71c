// A real Prometheus that scrapes a real node exporter and writes what it has to a hub: Debian's packages of these names.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const LISTENS = /msg="Listening on" address=(127\.0\.0\.1:\d+)/;

/** @returns the function that ends both; it resolves when they have ended */
export async function startPrometheus(hubUrl, dir) {
  const exporter = await startServer('prometheus-node-exporter', []);
  const config = join(dir, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: node, static_configs: [{ targets: ['${exporter.address}'] }] }]
remote_write: [{ url: '${hubUrl}/api/v1/write', queue_config: { batch_send_deadline: 500ms } }]
`,
  );
  const prometheus = await startServer('prometheus', [`--config.file=${config}`, `--storage.tsdb.path=${join(dir, 'prometheus')}`]);
  return async () => {
    await prometheus.stop();
    await exporter.stop();
  };
}

/** Starts a program on a free port of loopback, and waits until it says that it listens. */
async function startServer(command, args) {
  const child = spawn(command, ['--web.listen-address=127.0.0.1:0', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((resolve) => child.once('close', resolve));
  const stop = () => {
    child.kill();
    return exited;
  };
  const address = await new Promise((resolve, reject) => {
    child.once('error', reject);
    exited.then(() => reject(new Error(`${command} ended before it listened`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      const [, found] = LISTENS.exec(line) ?? [];
      if (found) resolve(found);
    });
  });
  return { address, stop };
}
