import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { KINDS } from '../../shared/rooms.js';
import { sender } from '../../test/support/ingest-hub.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { IngestService } from './ingest-service.js';

const clock = new ManualClock();

/** A service whose sink takes up to `limit` samples in each room, and none in `metrics:busy`. */
function service(limit = 10) {
  const taken: string[] = [];
  const ended: string[] = [];
  const left: [number, string][] = [];
  const counts: Record<string, number> = {};
  const ingest = new IngestService({
    kinds: KINDS,
    clock,
    samples: {
      intake: ({ room }, from) => {
        if (room === 'metrics:busy') throw new HubError('busy');
        const add = (series: string) =>
          taken.filter((one) => one.startsWith(room)).length < limit && taken.push(`${room} ${series} ${from}`) > 0;
        return { add, end: (series) => ended.push(`${room} ${series} ${from}`) };
      },
    },
    lines: { add: async () => {} },
    checkPayload: () => {},
    count: (what, outcome, amount) => {
      counts[`${what} ${outcome}`] = (counts[`${what} ${outcome}`] ?? 0) + amount;
    },
    onSeriesRefused: (samples, who) => left.push([samples, who]),
  });
  const sampleOf = (line: number, series: string, room?: string) => ({ line, series, value: 1, t: clock.now(), room });
  return { ingest, taken, ended, left, counts, sampleOf };
}

test('samples go to the room that a rule gave them, or else to the one that their sender named', () => {
  const { ingest, taken, sampleOf } = service();
  const samples = [sampleOf(1, 'a'), sampleOf(2, 'b', 'metrics:y'), sampleOf(3, 'c', 'metrics:y'), sampleOf(4, 'd')];
  expect(ingest.ingestSamples(sender(['metrics:*']), 'metrics:x', samples)).toMatchObject({ accepted: 4, refused: 0 });
  expect(taken).toEqual(['metrics:x a sender', 'metrics:y b sender', 'metrics:y c sender', 'metrics:x d sender']);
});

test('when one of the rooms cannot take its samples, none is taken', () => {
  const { ingest, taken, sampleOf } = service();
  const send = (room: string) => () =>
    ingest.ingestSamples(sender(['metrics:x', 'metrics:busy']), 'metrics:x', [sampleOf(1, 'a'), sampleOf(2, 'b', room)]);
  expect(send('metrics:busy')).toThrow(expect.objectContaining({ code: 'busy' }));
  expect(send('metrics:not-allowed')).toThrow(expect.objectContaining({ code: 'forbidden' }));
  expect(send('logs:x')).toThrow(expect.objectContaining({ code: 'forbidden' }));
  expect(taken).toEqual([]);
});

test('series past the limit are refused by name, counted and reported; guests count as one sender', () => {
  const { ingest, left, counts, sampleOf } = service(1);
  const guest = { ...sender(['metrics:*']), guest: true };
  const report = ingest.ingestSamples(
    guest,
    'metrics:x',
    ['a', 'b', 'c'].map((series, i) => sampleOf(i + 1, series)),
  );
  expect(report).toMatchObject({ accepted: 1, refused: 2, errors: [{ line: 2, code: 'too_large' }, { line: 3 }] });
  expect(report.errors[0]?.message).toMatch(/^b: the sender has as many series/);
  expect([left, counts]).toEqual([[[2, 'guests']], { 'samples accepted': 1, 'samples too_large': 2 }]);
});

test('what a sender says has ended is passed on', () => {
  const { ingest, ended } = service();
  ingest.endSeries(sender(['metrics:*']), [{ room: 'metrics:x', series: 'a' }]);
  expect(ended).toEqual(['metrics:x a sender']);
});
