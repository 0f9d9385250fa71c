import { expect, test } from '@jest/globals';
import type { JobState } from '../../../shared/protocol.js';
import { fileName } from '../http-api.js';
import { firstValues, JOB_FORMS, readForm } from './job-forms.js';
import { durationsOf, newerOf, progressOf, SHOWN_JOBS, statusLine, withJob } from './job-list.js';
import { outcomeOf } from './results.js';

const NOW = 1_700_000_000_000;

const job = (jobId: string, revision: number, more: Partial<JobState> = {}): JobState => ({
  jobId,
  name: 'search',
  state: 'active',
  revision,
  createdAt: 1000,
  ...more,
});

test('a newer state replaces an older one, an older one never a newer', () => {
  let jobs = withJob([], job('a', 2));
  jobs = withJob(jobs, job('a', 5, { state: 'done' }));
  jobs = withJob(jobs, job('a', 3));
  expect(jobs).toMatchObject([{ revision: 5, state: 'done' }]);
  expect(newerOf(jobs, job('a', 4)).revision).toBe(5);
  expect(newerOf(jobs, job('a', 6)).revision).toBe(6);
});

test('the newest jobs lead, and only so many are shown', () => {
  let jobs = withJob([], job('a', 1, { createdAt: 1 }));
  for (let i = 0; i < SHOWN_JOBS; i++) jobs = withJob(jobs, job(`b${i}`, 1, { createdAt: 10 + i }));
  expect(jobs).toHaveLength(SHOWN_JOBS);
  expect(jobs[0]?.jobId).toBe(`b${SHOWN_JOBS - 1}`);
  expect(jobs.some(({ jobId }) => jobId === 'a')).toBe(false);
});

test('progress stays between 0 and 1, and the line says what happens or happened', () => {
  expect(
    [{}, { progress: { done: 0.5 } }, { progress: { done: 7 } }, { state: 'done' as const }].map((more) => progressOf(job('a', 1, more))),
  ).toEqual([0, 0.5, 1, 1]);
  expect(statusLine(job('a', 1, { progress: { done: 0.1, note: 'reading' } }))).toBe('reading');
  expect(statusLine(job('a', 1, { state: 'done', startedAt: 1000, endedAt: 3500 }))).toBe('Done after 2.5 s');
  expect(statusLine(job('a', 1, { state: 'failed', error: { code: 'x', message: 'no such room' } }))).toBe('Failed: no such room');
});

test('a form gives an input only when all that is needed is there and in range', () => {
  const form = {
    name: 'x',
    title: 'X',
    about: '',
    fields: [
      { kind: 'text', name: 'word', label: 'Word', first: '' },
      { kind: 'number', name: 'n', label: 'N', first: 3, min: 1, max: 5 },
      { kind: 'text', name: 'extra', label: 'Extra', first: '', optional: true },
    ],
  } as const;
  expect(readForm(form, firstValues(form), NOW)).toEqual({ errors: { word: expect.any(String) } });
  expect(readForm(form, { word: ' w ', n: '5', extra: ' ' }, NOW)).toEqual({ name: 'x', input: { word: 'w', n: 5 } });
  for (const n of ['6', '0', '1.5', 'x', '']) expect(readForm(form, { word: 'w', n }, NOW)).toEqual({ errors: { n: expect.any(String) } });
});

test('every job on offer can be handed in as its form stands, but for what only people know', () => {
  const incomplete = JOB_FORMS.filter((form) => 'errors' in readForm(form, firstValues(form), NOW)).map(({ name }) => name);
  expect(incomplete).toEqual(['search', 'thumbnail', 'other']);
});

test('a handler that has no form of its own takes a name and any JSON', () => {
  const other = JOB_FORMS.find(({ name }) => name === 'other')!;
  expect(readForm(other, { handler: 'resize', input: '{"width": 3}' }, NOW)).toEqual({ name: 'resize', input: { width: 3 } });
  expect(readForm(other, { handler: 'resize', input: '{' }, NOW)).toEqual({ errors: { input: expect.any(String) } });
});

test('a thumbnail is asked for by its message, and fits into a square', () => {
  const thumbnail = JOB_FORMS.find(({ name }) => name === 'thumbnail')!;
  const values = { ...firstValues(thumbnail), position: 'e:7', side: '64' };
  const input = { room: 'chat:lobby', position: 'e:7', width: 64, height: 64, format: 'webp' };
  expect(readForm(thumbnail, values, NOW)).toEqual({ name: 'thumbnail', input });
});

test('a roll-up asks for the time up to now', () => {
  const rollup = JOB_FORMS.find(({ name }) => name === 'rollup')!;
  expect(readForm(rollup, { ...firstValues(rollup), minutes: '5' }, NOW)).toMatchObject({ input: { from: NOW - 300_000, to: NOW } });
});

test('results are told by their handler and shape; another shape is shown as it is', () => {
  const summary = { count: 1, min: 1, mean: 1, p50: 1, p90: 1, p95: 1, p99: 1, max: 1 };
  const hit = { position: 'e:1', time: 1, from: { id: 'a', name: 'A' }, text: 'x' };
  const results = [
    ['search', { hits: [hit], scanned: 1, total: 2, more: false }],
    ['export', { file: 'x.csv', bytes: 1, messages: 1 }],
    ['rollup', { from: 0, to: 1, stepMs: 1, series: [{ series: 's', ...summary, steps: [{ t: 0, ...summary }] }] }],
    ['prime-count', { primes: 4 }],
    ['search', { hits: [{ ...hit, from: null }], scanned: 1, total: 2 }],
    ['rollup', { from: 0, to: 1, stepMs: 1, series: [{ series: 's' }] }],
    ['resize', { width: 3 }],
    ['resize', undefined],
  ] as const;
  const kinds = ['search', 'export', 'rollup', 'primes', 'other', 'other', 'other', 'other'];
  expect(results.map(([name, result]) => outcomeOf(name, result).kind)).toEqual(kinds);
});

test("a download's name is read from its header, whatever is in it", () => {
  expect(fileName('attachment; filename="a \\"b\\".csv"')).toBe('a "b".csv');
  expect(fileName('attachment; filename="x.csv"; filename*=UTF-8\'\'gr%C3%BCn.csv')).toBe('grün.csv');
  expect(fileName('attachment; filename=plain-name.csv')).toBe('plain-name.csv');
  expect(fileName('attachment')).toBeUndefined();
  expect(fileName(null)).toBeUndefined();
});

test('how long a job waited and ran is told as far as it has come', () => {
  const times = [{}, { startedAt: 2200 }, { startedAt: 2200, endedAt: 5200, state: 'done' as const }];
  expect(times.map((more) => durationsOf(job('a', 1, more)))).toEqual(['', 'waited 1.2 s', 'waited 1.2 s, ran 3.0 s']);
});
