import { HubError } from '../../../shared/errors.js';
import { parseShallowJson } from '../shallow-json.js';
import { ItemBudget } from './budget.js';
import { readJsonMetric } from './json-metrics.js';
import { arrayOf, numberOf, objectOf, readAttributes, readJsonValue, textOf } from './json-values.js';
import type { Batch, LogRecord, Metric, OtlpReader, Scope, Unread } from './model.js';

const readScope = (json: unknown): Scope => {
  const scope = objectOf(json, 'scope');
  return { name: textOf(scope.name, 'name'), version: textOf(scope.version, 'version'), attributes: readAttributes(scope.attributes) };
};

interface Names {
  readonly resources: string;
  readonly scopes: string;
  readonly items: string;
}

/** Both requests have one shape: resources, their scopes, and the scopes' items. */
function readBatches<Item>(
  body: Buffer,
  { resources, scopes, items }: Names,
  readItem: (json: unknown, budget: ItemBudget) => Item,
): Batch<Item>[] {
  const budget = new ItemBudget();
  const listOf = (json: unknown, what: string) => {
    const list = arrayOf(json, what);
    budget.spend(list.length);
    return list;
  };
  const request = parseShallowJson(body);
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    throw new HubError('invalid', 'the body is no JSON object');
  return listOf(objectOf(request, 'the body')[resources], resources).flatMap((json) => {
    const ofResource = objectOf(json, resources);
    const resource = readAttributes(objectOf(ofResource.resource, 'resource').attributes);
    return listOf(ofResource[scopes], scopes).map((scoped) => {
      const ofScope = objectOf(scoped, scopes);
      return { resource, scope: readScope(ofScope.scope), items: listOf(ofScope[items], items).map((item) => readItem(item, budget)) };
    });
  });
}

/** An id that is there: of zeros only, or not in hex of that length, it is none. */
const idOf = (json: unknown, digits: number): string =>
  typeof json === 'string' && json.length === digits && /^[0-9a-f]+$/i.test(json) && /[^0]/.test(json) ? json.toLowerCase() : '';

function readRecord(json: unknown): LogRecord {
  const record = objectOf(json, 'a log record');
  return {
    timeNs: numberOf(record.timeUnixNano, 'timeUnixNano') ?? 0,
    observedNs: numberOf(record.observedTimeUnixNano, 'observedTimeUnixNano') ?? 0,
    severity: numberOf(record.severityNumber, 'severityNumber') ?? 0,
    severityText: textOf(record.severityText, 'severityText'),
    eventName: textOf(record.eventName, 'eventName'),
    body: readJsonValue(record.body),
    attributes: readAttributes(record.attributes),
    traceId: idOf(record.traceId, 32),
    spanId: idOf(record.spanId, 16),
  };
}

/**
 * OTLP in JSON: ids in hex, enums as numbers, 64-bit integers as texts or numbers, unknown fields ignored. Source:
 * opentelemetry.io/docs/specs/otlp, JSON Protobuf Encoding.
 */
export const JSON_READER: OtlpReader = {
  metrics: (body) => readBatches<Metric>(body, { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' }, readJsonMetric),
  logs: (body) =>
    readBatches<Unread<LogRecord>>(
      body,
      { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
      (json) => () => readRecord(json),
    ),
};
