import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { OPTIONS } from '../server/config/options.js';
import { envNameOf } from '../server/config/read.js';
import { ROOT } from './support/files.js';
import { HAPROXY_CONFIG, haproxyEnv } from './support/haproxy.js';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { writeNginxConfig } from './support/nginx.js';
import { fileScope } from './support/scope.js';

const scope = fileScope();
const run = promisify(execFile);
const DEPLOY = `${ROOT}deploy`;

async function filesUnder(dir: string, name: RegExp): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && name.test(entry.name)).map((entry) => `${entry.parentPath}/${entry.name}`);
}

test('nginx takes its configuration', async () => {
  const file = await writeNginxConfig(scope, { listen: '127.0.0.1:8080', upstreams: ['127.0.0.1:3001', '127.0.0.1:3002'] });
  const { stderr } = await run('nginx', ['-t', '-c', file, '-e', 'stderr']);
  expect(stderr).toContain('test is successful');
  expect(stderr).not.toMatch(/\[(warn|error|emerg)\]/);
  const template = await readFile(`${DEPLOY}/nginx/nginx.conf.template`, 'utf8');
  expect(new Set(template.match(/\$\{\w+\}/g))).toEqual(new Set(['$' + '{ROOMCAST_LISTEN}', '$' + '{ROOMCAST_UPSTREAMS}']));
});

test('HAProxy takes its configuration', async () => {
  const env = haproxyEnv('127.0.0.1:8080', ['127.0.0.1:3001', '127.0.0.1:3002', '127.0.0.1:3003']);
  const { stdout, stderr } = await run('haproxy', ['-c', '-f', HAPROXY_CONFIG], { env: { PATH: process.env.PATH, ...env } });
  expect(stdout + stderr).toContain('Configuration file is valid');
  expect(stdout + stderr).not.toMatch(/warning/i);
});

/** Every `ROOMCAST_` variable that a file gives to one of our containers. */
function variablesOf(document: unknown): string[] {
  if (Array.isArray(document)) return document.flatMap(variablesOf);
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([key, value]) => {
    if (key === 'environment') return Object.keys(value);
    if (key === 'env' && Array.isArray(value)) return value.map(({ name }) => name);
    return variablesOf(value);
  });
}

test('every YAML file parses, and names no option that does not exist', async () => {
  const known = new Set(Object.entries(OPTIONS).map(([key, option]) => envNameOf(key, option)));
  const files = await filesUnder(DEPLOY, /\.ya?ml$/);
  expect(files.length).toBeGreaterThanOrEqual(6);
  for (const file of files) {
    const documents = parseAllDocuments(await readFile(file, 'utf8'), { merge: true });
    for (const document of documents) {
      expect({ file, errors: document.errors, warnings: document.warnings }).toEqual({ file, errors: [], warnings: [] });
      const named = variablesOf(document.toJS()).filter((name) => name.startsWith('ROOMCAST_'));
      const proxies = ['ROOMCAST_LISTEN', 'ROOMCAST_UPSTREAMS'];
      expect({ file, unknown: named.filter((name) => !known.has(name) && !proxies.includes(name)) }).toEqual({ file, unknown: [] });
    }
  }
});

test('each Kubernetes workload runs unprivileged, and its probes ask paths that the hub has', async () => {
  const hub = await startHub(scope);
  const files = await filesUnder(`${DEPLOY}/kubernetes`, /\.yaml$/);
  const objects = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS()),
  );
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  expect(workloads.map(({ metadata }) => metadata.name).sort()).toEqual(['redis', 'roomcast', 'roomcast-worker']);
  for (const { spec } of workloads) {
    expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
    expect(spec.template.spec.securityContext.runAsNonRoot).toBe(true);
    for (const container of spec.template.spec.containers) {
      for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
        if (probe?.httpGet) expect((await get(`${hub.url}${probe.httpGet.path}`)).status).toBe(200);
      }
    }
  }
});

test('the Grafana dashboard and the alerts ask only for metrics that a hub has', async () => {
  const hub = await startHub(scope);
  const { text } = await get(`${hub.url}/metrics`);
  const declared = new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) => (type === 'histogram' ? [`${name}_bucket`] : [name])),
  );
  expect(declared.size).toBeGreaterThan(30);
  const dashboard = await readFile(`${DEPLOY}/grafana/roomcast.json`, 'utf8');
  const alerts = await readFile(`${DEPLOY}/prometheus/alerts.yml`, 'utf8');
  const autoscale = await readFile(`${DEPLOY}/kubernetes/autoscale-workers.yaml`, 'utf8');
  const asked = new Set(
    [dashboard, alerts, autoscale].flatMap((file) => file.match(/\b(roomcast|process|nodejs)_[a-z0-9_]+(?=[{[)\s"',])/g) ?? []),
  );
  const foreign = ['roomcast_route'];
  expect([...asked].filter((name) => !declared.has(name) && !foreign.includes(name))).toEqual([]);
  const panels = JSON.parse(dashboard).panels as { id: number; type: string; targets?: { expr: string }[] }[];
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(panels.filter(({ type, targets }) => type !== 'row' && !targets?.length)).toEqual([]);
});
