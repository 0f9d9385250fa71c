import { beforeAll, expect, test } from '@jest/globals';
import { ERRORS } from '../../shared/errors.js';
import { jobSubmitSchema, publishSchema, sampleSchema } from '../../shared/schemas.js';
import { accepted, bare, faultsOf, type Node, RANGE, readDescription } from '../../test/support/api-description.js';
import { createApiPaths } from '../../test/support/api-paths.js';
import { memoryRooms, type RunningApp, startHttpApp } from '../../test/support/http-app.js';
import { ingestRoutes } from '../../test/support/ingest-routes.js';
import { fileScope } from '../../test/support/scope.js';
import { createHttpApp } from './app.js';
import { etagOf } from './caching.js';
import type { HttpJobs } from './jobs-api.js';

const scope = fileScope();
const description = readDescription('openapi.yaml');

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: Node[];
  readonly operation: Node;
}

const METHODS = ['get', 'post', 'put', 'delete'];
const operations: Operation[] = Object.entries<Node>(description.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method) => ({
    name: `${method.toUpperCase()} ${path}`,
    method,
    path,
    parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])],
    operation: item[method],
  })),
);

test('the description has every route of the application, and no other', () => {
  const { rooms } = memoryRooms(scope);
  const routes = createApiPaths(createHttpApp, { ingestRoutes: ingestRoutes(rooms.system) }).flatMap(({ path, methods }) =>
    methods.map((method) => `${method.toUpperCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  );
  expect(operations.map(({ name }) => name).sort()).toEqual(routes.sort());
});

test('every operation has a name of its own, a tag that is listed, and its path’s parameters', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const tags = new Set(description.tags.map(({ name }: Node) => name));
  for (const { operation, path, parameters } of operations) {
    expect(operation.tags.every((tag: string) => tags.has(tag))).toBe(true);
    const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  }
});

test('[P21] the description lists every error code', () => {
  expect(description.components.schemas.ErrorCode.enum).toEqual(Object.keys(ERRORS));
});

test('bodies are described as they are checked', () => {
  const { Publication, JobSubmission, Sample } = description.components.schemas;
  expect(bare(Publication)).toEqual(accepted(publishSchema.omit({ room: true }).partial({ id: true })));
  expect(bare(Sample)).toEqual(accepted(sampleSchema));
  expect(bare(JobSubmission)).toEqual(accepted(jobSubmitSchema.omit({ name: true })));
});

const written = (text: string) => ({ text, etag: etagOf(text), freshUntil: 0 });

const STATE = {
  jobId: 'j1',
  name: 'search',
  state: 'done',
  revision: 4,
  createdAt: 1,
  startedAt: 2,
  endedAt: 3,
  progress: { done: 1, note: 'all of it', data: { hits: 1 } },
  result: { hits: 1 },
  error: { code: 'internal', message: 'not this time' },
} as const;
const DETAILS = {
  job: STATE,
  owner: 'alice',
  input: { room: 'chat:lobby', query: 'hello' },
  attempt: 2,
  attempts: 2,
  timeoutMs: 60_000,
  crashes: 1,
  failures: [{ attempt: 2, startedAt: 2, endedAt: 3, error: STATE.error, cause: 'Error: no\n    at run' }],
};
const jobs: HttpJobs = {
  submit: async () => STATE,
  get: async () => STATE,
  cancel: async () => STATE,
  inspect: async () => DETAILS,
  retry: async () => STATE,
  discard: async () => {},
  list: async () => [STATE],
  openResult: async () => undefined,
};

let hub: RunningApp;
beforeAll(async () => {
  const { rooms } = memoryRooms(scope);
  hub = await startHttpApp(scope, {
    rooms,
    ingestRoutes: ingestRoutes(rooms.system),
    jobs,
    metrics: { query: async () => written(JSON.stringify(RANGE)), latest: async () => written('cpu 1 0\n') },
    metricsAccess: { for: 'admins' },
  });
  await rooms.system.publish('chat:lobby', 'text', { text: 'hello' });
});

/** The request that the description's examples make, once for each example of a body. */
function examplesOf({ path, method, parameters, operation }: Operation): { url: string; init: RequestInit }[] {
  const exampleOf = (parameter: Node) => encodeURIComponent(String(parameter.example));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => exampleOf(parameters.find((one) => one.in === 'path' && one.name === name)));
  const query = parameters.filter((one) => one.in === 'query' && one.example !== undefined).map((one) => `${one.name}=${exampleOf(one)}`);
  const url = `${hub.url}${filled}?${query.join('&')}`;
  const headers = { authorization: 'Bearer root' };
  if (!operation.requestBody) return [{ url, init: { method, headers } }];
  return Object.entries<Node>(operation.requestBody.content).flatMap(([type, { examples }]) =>
    Object.values<Node>(examples).map(({ value }) => ({
      url,
      init: {
        method,
        headers: { ...headers, 'content-type': type },
        body: typeof value === 'string' ? value : JSON.stringify(value),
      },
    })),
  );
}

test.each(operations)('the examples of $name are answered as described', async (one) => {
  for (const { url, init } of examplesOf(one)) {
    const leave = new AbortController();
    const response = await fetch(url, { ...init, signal: leave.signal });
    const described = one.operation.responses[response.status];
    expect([url, response.status, Boolean(described)]).toEqual([url, response.status, true]);
    expect(response.status).toBeLessThan(300);
    const type = response.headers.get('content-type')?.split(';')[0];
    const content = described.content?.[type ?? ''] ?? described.content?.['*/*'];
    if (described.content) expect([type, content !== undefined]).toEqual([type, true]);
    if (type === 'application/json') expect(faultsOf(content.schema, await response.json())).toEqual([]);
    leave.abort();
  }
});

test.each(operations.filter(({ operation }) => 'default' in operation.responses))('$name is refused as described', async (one) => {
  const [example] = examplesOf(one);
  const response = await fetch(example!.url, { ...example!.init, headers: { ...example!.init.headers, authorization: 'Bearer nobody' } });
  expect(response.status).toBe(401);
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const { content } = one.operation.responses.default;
  expect(Object.keys(content)).toContain(type);
  if (type === 'application/json') expect(faultsOf(content[type].schema, await response.json())).toEqual([]);
});
