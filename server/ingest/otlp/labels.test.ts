import { expect, test } from '@jest/globals';
import type { Attributes } from './attributes.js';
import { infoLabels, pointLabels, resourceLabels, scopeLabels } from './labels.js';
import type { Scope } from './model.js';

const tooLarge = expect.objectContaining({ code: 'too_large' });

test('a service is a job, its instance an instance, and what identifies the resource and the scope stand beside them', () => {
  const resource: Attributes = [
    ['service.name', 'cart'],
    ['service.namespace', 'shop'],
    ['service.instance.id', 'i-1'],
    ['host.name', 'h'],
    ['process.pid', 7],
  ];
  const scope: Scope = { name: 'lib', version: '1.2', attributes: [['team', 'a']] };
  expect(resourceLabels(resource)).toEqual({ job: 'shop/cart', instance: 'i-1', host_name: 'h' });
  expect(scopeLabels(scope)).toEqual({
    otel_scope_name: 'lib',
    otel_scope_version: '1.2',
    otel_scope_team: 'a',
  });
  expect(resourceLabels([['service.name', 'cart']])).toEqual({ job: 'cart' });
  expect({ ...resourceLabels([]), ...scopeLabels({ name: '', version: '', attributes: [] }) }).toEqual({});
});

test('the attributes of a point are labels: what gets one name stands together, what is no text stands as JSON', () => {
  const attributes: Attributes = [
    ['http.method', 'GET'],
    ['http_method', 'POST'],
    ['code', 200],
    ['ok', true],
    ['tags', ['a', 1]],
    ['gone', null],
    ['twice', 'first'],
    ['twice', 'last'],
    ['__proto__', 'p'],
  ];
  const labels = pointLabels(attributes, { job: 'cart' });
  expect(Object.entries(labels).sort()).toEqual([
    ['__proto__', 'p'],
    ['code', '200'],
    ['gone', ''],
    ['http_method', 'GET;POST'],
    ['job', 'cart'],
    ['ok', 'true'],
    ['tags', '["a",1]'],
    ['twice', 'last'],
  ]);
});

test('an attribute cannot stand in for what the resource says', () => {
  expect(pointLabels([['job', 'other']], { job: 'cart' })).toEqual({ job: 'cart' });
});

test('labels that no series could have are refused before they are put together', () => {
  expect(() => pointLabels([['a', 'x'.repeat(2_000)]], {})).toThrow(tooLarge);
  expect(() => resourceLabels([['host.name', 'x'.repeat(2_000)]])).toThrow(tooLarge);
  expect(() => resourceLabels([['service.name', 'x'.repeat(2_000)]])).toThrow(tooLarge);
  expect(() =>
    pointLabels(
      Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 'v'] as const),
      {},
    ),
  ).toThrow(tooLarge);
});

test('everything else about a resource is told once, as far as a series has room', () => {
  const resource: Attributes = [
    ['service.name', 'cart'],
    ['host.name', 'h'],
    ['process.command_args', ['x'.repeat(5_000)]],
    ['telemetry.sdk.language', 'nodejs'],
  ];
  expect(infoLabels(resource)).toEqual({ job: 'cart', host_name: 'h', telemetry_sdk_language: 'nodejs' });
  expect(infoLabels([['service.name', 'cart']])).toBeUndefined();
});
