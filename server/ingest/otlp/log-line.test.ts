import { expect, test } from '@jest/globals';
import type { Attributes } from './attributes.js';
import { lineFromRecord, logOrigin, resourceFields } from './log-line.js';
import type { LogRecord, Scope } from './model.js';

const NOW = 1_700_000_000_000;
const TIME_NS = (NOW - 1_000) * 1e6;
const noScope: Scope = { name: '', version: '', attributes: [] };
const nowhere = logOrigin(resourceFields([]), noScope);
const recordOf = (given: Partial<LogRecord>): LogRecord => ({
  timeNs: TIME_NS,
  observedNs: 0,
  severity: 0,
  severityText: '',
  eventName: '',
  body: 'text',
  attributes: [],
  traceId: '',
  spanId: '',
  ...given,
});
const lineOf = (given: Partial<LogRecord>, origin = nowhere) => lineFromRecord(recordOf(given), origin, NOW);

test('body, time, severity, attributes and ids are what a line has of them', () => {
  const record = {
    severity: 17,
    severityText: 'ERROR',
    eventName: 'order.failed',
    attributes: [
      ['order.id', 'o-1'],
      ['items', [1, 2]],
    ] as Attributes,
    traceId: 'ab'.repeat(16),
    spanId: 'cd'.repeat(8),
  };
  expect(lineOf(record)).toEqual({
    text: 'text',
    time: NOW - 1_000,
    level: 'error',
    fields: { 'order.id': 'o-1', items: [1, 2], 'event.name': 'order.failed', trace_id: 'ab'.repeat(16), span_id: 'cd'.repeat(8) },
  });
  expect(lineOf({})).toEqual({ text: 'text', time: NOW - 1_000 });
});

test('the time is that of the event, else of its observation, else of its arrival', () => {
  expect(lineOf({ timeNs: 0, observedNs: (NOW - 5) * 1e6 }).time).toBe(NOW - 5);
  expect(lineOf({ timeNs: 0 }).time).toBe(NOW);
});

test.each([
  ['of another century', -4e12],
  ['in seconds instead of nanoseconds', -NOW + 1_700],
  ['of next week', 7 * 86_400_000],
])('a time %s is refused', (_what, offsetMs) => {
  expect(() => lineOf({ timeNs: (NOW + offsetMs) * 1e6 })).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test.each([
  [1, 'trace'],
  [4, 'trace'],
  [5, 'debug'],
  [9, 'info'],
  [12, 'info'],
  [13, 'warn'],
  [20, 'error'],
  [21, 'fatal'],
  [24, 'fatal'],
  [25, undefined],
  [0, undefined],
])('severity %d is %s', (severity, level) => {
  expect(lineOf({ severity }).level).toBe(level);
});

test("a severity's text is the level where there is no number, and stays where it says something else", () => {
  expect(lineOf({ severityText: 'WARNING' })).toEqual({ text: 'text', time: NOW - 1_000, level: 'warn' });
  expect(lineOf({ severity: 10, severityText: 'Important' })).toMatchObject({ level: 'info', fields: { severity_text: 'Important' } });
});

test('a level that only the text names is found there, and the colours of a terminal stand beside the text', () => {
  expect(lineOf({ body: '\u001b[31mERROR\u001b[0m lost' })).toMatchObject({
    text: 'ERROR lost',
    level: 'error',
    fields: { ansi: [[0, 5, '31']] },
  });
});

test('a body that is a map gives its message and its fields; any other is text as JSON', () => {
  expect(lineOf({ body: { message: 'hello', user: 'ada' } })).toMatchObject({ text: 'hello', fields: { user: 'ada' } });
  expect(lineOf({ body: { a: 1 } }).text).toBe('{"a":1}');
  expect(lineOf({ body: [1, 'x'] }).text).toBe('[1,"x"]');
  expect(lineOf({ body: 42 }).text).toBe('42');
  expect(lineOf({ body: null, eventName: 'started' }).text).toBe('started');
});

test('the scope is the source and the attributes of resource and scope are fields, which those of the record go before', () => {
  const resource = resourceFields([
    ['service.name', 'cart'],
    ['host.name', 'h'],
  ]);
  const scope: Scope = { name: 'checkout', version: '1.2', attributes: [['team', 'a']] };
  expect(lineOf({ attributes: [['host.name', 'mine']] }, logOrigin(resource, scope))).toMatchObject({
    source: 'checkout',
    fields: { 'service.name': 'cart', 'host.name': 'mine', team: 'a', 'scope.version': '1.2' },
  });
  expect(lineOf({}, logOrigin(resource, noScope)).source).toBe('cart');
});

test('attributes of a resource that would make every line long are left out, and counted', () => {
  const resource = resourceFields([
    ['process.command_line', 'x'.repeat(5_000)],
    ['host.name', 'h'],
    ['more', 'x'.repeat(4_080)],
  ]);
  expect(lineOf({}, logOrigin(resource, noScope)).fields).toEqual({ 'host.name': 'h', 'resource.left_out': 2 });
});

test('a key such as __proto__ is a key and nothing more', () => {
  const { fields } = lineOf({ attributes: [['__proto__', { polluted: true }]] });
  expect(Object.keys(fields!)).toEqual(['__proto__']);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});
