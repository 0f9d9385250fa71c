import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatRoute, parseRoute } from './route.js';

test('an empty or unknown address is the lobby', () => {
  for (const hash of ['', '#', '#/', '#/nowhere', '#/chat', '#/chat/', '#/chat/%E0%A4%A']) {
    expect(parseRoute(hash)).toEqual({ page: 'chat', name: 'lobby' });
  }
});

test('pages of a room name their first room; the others have none', () => {
  expect(parseRoute('#/metrics')).toEqual({ page: 'metrics', name: 'host' });
  expect(parseRoute('#/logs')).toEqual({ page: 'logs', name: 'hub' });
  expect(parseRoute('#/jobs')).toEqual({ page: 'jobs' });
});

test('whatever a room is called, its address leads back to it', () => {
  fc.assert(
    fc.property(fc.constantFrom('chat', 'metrics', 'logs'), fc.string({ minLength: 1, unit: 'grapheme' }), (page, name) => {
      expect(parseRoute(formatRoute({ page, name }))).toEqual({ page, name });
    }),
  );
});

test('how a page shows its room is a part of the address', () => {
  expect(parseRoute('#/metrics/web%3F1?span=60000&name=cpu')).toEqual({ page: 'metrics', name: 'web?1', query: 'span=60000&name=cpu' });
  expect(formatRoute({ page: 'logs', name: 'a?b', query: 'level=warn' })).toBe('#/logs/a%3Fb?level=warn');
});
