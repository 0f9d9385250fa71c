import { expect, test } from '@jest/globals';
import { LONGEST_MS, live, rangeOf, SPANS, stepFor, still, withSpan, zoomBy, zoomTo } from './time-view.js';
import { readViewState, writeViewState } from './view-state.js';

const LIVE = { kind: 'live', spanMs: 60_000 } as const;
const NOW = 1_000_000;

test('a pause stands still on what was shown, and goes back to the same span', () => {
  const paused = still(LIVE, NOW);
  expect(rangeOf(paused, NOW + 5000)).toEqual({ from: NOW - 60_000, to: NOW });
  expect(live(paused)).toEqual(LIVE);
  expect(rangeOf(withSpan(paused, 300_000), NOW + 5000)).toEqual({ from: NOW - 300_000, to: NOW });
});

test('a zoom takes what was dragged in either direction, never less than a second', () => {
  expect(zoomTo(LIVE, NOW, NOW - 10_000)).toEqual({ kind: 'still', from: NOW - 10_000, to: NOW, spanMs: 60_000 });
  expect(zoomTo(LIVE, NOW, NOW + 10)).toMatchObject({ from: NOW - 495, to: NOW + 505 });
});

test('zooming out ends at now and at a day', () => {
  const near = zoomTo(LIVE, NOW - 20_000, NOW - 10_000);
  expect(zoomBy(near, 2, NOW)).toMatchObject({ from: NOW - 25_000, to: NOW - 5000 });
  expect(zoomBy(near, 100, NOW)).toMatchObject({ from: NOW - 1_000_000, to: NOW });
  expect(zoomBy(near, 1e9, NOW)).toMatchObject({ from: NOW - LONGEST_MS });
});

test('every span is asked for in few enough steps to be drawn', () => {
  for (const [span] of SPANS) {
    const steps = span / stepFor({ from: 0, to: span });
    expect([steps >= 60, steps <= 400]).toEqual([true, true]);
  }
});

test('an address brings back what is shown, and says nothing where nothing was chosen', () => {
  const first = readViewState(new URLSearchParams());
  expect(`${writeViewState(first)}`).toBe('');
  const state = {
    view: { kind: 'still', from: 1000, to: 2000, spanMs: 3_600_000 },
    choice: { labels: { 'a&b': 'c=d' }, name: 'cpu' },
    dashboard: 'all',
  } as const;
  expect(readViewState(new URLSearchParams(`${writeViewState(state)}`))).toEqual(state);
  expect(readViewState(new URLSearchParams('span=77&from=9&to=3'))).toEqual(first);
});
