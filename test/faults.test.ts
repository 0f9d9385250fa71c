import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { type CheckResult, check } from '../bench/faults/check.js';
import { commandOf, readCommand } from '../bench/faults/command-line.js';
import { withRun, withStorm } from '../bench/faults/document.js';
import type { Histories, Place, Publication, ReaderEvent, ReaderHistory } from '../bench/faults/history.js';
import { FAULT_KINDS } from '../bench/faults/kinds.js';
import { Load } from '../bench/faults/load/load.js';
import { timesToRecover } from '../bench/faults/recovery.js';
import { wrongWith } from '../bench/faults/report.js';
import type { FaultRun } from '../bench/faults/run.js';
import { type Fault, schedule } from '../bench/faults/schedule.js';
import { stormCommandOf } from '../bench/faults/storm/command-line.js';
import { Crowd } from '../bench/faults/storm/crowd.js';
import { wrongWithStorm } from '../bench/faults/storm/report.js';
import type { StormRun } from '../bench/faults/storm/run.js';
import { runFaultBench } from './support/fault-bench.js';
import { ROOT } from './support/files.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { fileScope, testScope } from './support/scope.js';
import { PATIENCE_MS, waitFor } from './support/wait.js';
import { startMeddler } from './support/websocket-meddler.js';

const file = fileScope();
const scope = testScope();
const ROOM = 'chat:r';

/** The message of seq `seq` is published at that millisecond and has this value. */
const valueAt = (seq: number) => 100 + seq;
const at = (seq: number, stream = 'a'): Place => ({ stream, seq });
const published = (seq: number, more: Partial<Publication> = {}): Publication => ({
  ...{ value: valueAt(seq), room: ROOM, invokedMs: seq, refusals: 0, doubts: 0 },
  acked: { atMs: seq, place: at(seq), repeated: false },
  ...more,
});
const read = (seq: number, place = at(seq)): ReaderEvent => ({ what: 'read', atMs: 10 * seq, place, value: valueAt(seq) });
const told = (place: Place): ReaderEvent => ({ what: 'told', atMs: 0, place });
const reader = (name: string, ...events: ReaderEvent[]): ReaderHistory => ({
  reader: name,
  room: ROOM,
  events: [{ what: 'subscribed', atMs: 0, place: at(0) }, ...events],
});
const logged = (...seqs: number[]) => seqs.map((seq) => ({ room: ROOM, place: at(seq), value: valueAt(seq) }));

/** What is not zero, of a run in which 1 to 5 were published unless `more` says otherwise. */
function found(readers: ReaderHistory[], more: Partial<Histories> = {}): Partial<CheckResult> {
  const result = check({ streams: 'one-at-a-time', publications: [1, 2, 3, 4, 5].map((seq) => published(seq)), readers, ...more });
  const { published: _, acked, read: reads, logEntries, examples, ...findings } = result;
  return Object.fromEntries(Object.entries(findings).filter(([, count]) => count > 0));
}
const all = (...seqs: number[]) => seqs.map((seq) => read(seq));

test('a run without a fault has no findings', () => {
  expect(found([reader('one', ...all(1, 2, 3, 4, 5))], { log: logged(1, 2, 3, 4, 5) })).toEqual({});
});

test('what is lost is found, and where: at the head, in the middle, at the tail', () => {
  expect(found([reader('one', ...all(2, 3, 4, 5))])).toEqual({ lost: 1, lostHead: 1, silentGaps: 1 });
  expect(found([reader('one', ...all(1, 2, 5))])).toEqual({ lost: 2, lostMiddle: 2, silentGaps: 1 });
  expect(found([reader('one', ...all(1, 2, 3))])).toEqual({ lost: 2, lostTail: 2 });
  expect(found([reader('one', ...all(1, 2, 3, 4, 5)), reader('two')])).toEqual({ lost: 5, lostHead: 5 });
});

test('a message that was not acknowledged is unfinished, not lost', () => {
  const publications = [published(1), { ...published(2), acked: undefined } as Publication];
  expect(found([reader('one', read(1))], { publications })).toEqual({ unfinished: 1 });
});

test('what a reader was told to be missing is no silent loss, and what the log still has is only passed over', () => {
  const gap = reader('one', ...all(1, 2), told(at(4)), read(5));
  expect(found([gap])).toEqual({ announcedLost: 2 });
  expect(found([gap], { log: logged(1, 2, 3, 4, 5) })).toEqual({ passedOver: 2 });
  expect(found([gap, reader('two', ...all(1, 2, 5))])).toEqual({ lost: 2, lostMiddle: 2, silentGaps: 1 });
});

test('a new epoch that is told covers what the old one lost; one that is not told is found', () => {
  const publications = [published(1), published(2), published(3), published(4, { acked: { atMs: 4, place: at(1, 'b'), repeated: false } })];
  const next = read(4, at(1, 'b'));
  expect(found([reader('one', ...all(1, 2), told(at(0, 'b')), next)], { publications })).toEqual({ announcedLost: 1 });
  expect(found([reader('one', ...all(1, 2, 3), next)], { publications })).toEqual({ silentGaps: 1 });
  expect(found([reader('one', ...all(1, 2), next)], { publications })).toEqual({ lost: 1, lostMiddle: 1, silentGaps: 1 });
});

test('what was published anew after a loss may be shown again, or left out by a client that knows it', () => {
  const publications = [published(1), published(2, { acked: { atMs: 4, place: at(1, 'b'), repeated: false } }), published(3)];
  publications[2] = published(3, { acked: { atMs: 4, place: at(2, 'b'), repeated: false } });
  const before = [...all(1, 2), told(at(0, 'b'))];
  const [again, last] = [read(2, at(1, 'b')), read(3, at(2, 'b'))];
  expect(found([reader('one', ...before, again, last), reader('two', ...before, last)], { publications })).toEqual({ shownAgain: 1 });
});

test('what is shown twice, stored twice, out of order, made up, or at two places at once is found', () => {
  expect(found([reader('one', ...all(1, 2, 3, 3, 4, 5))])).toEqual({ duplicated: 1 });
  expect(found([reader('one', ...all(1, 2, 4, 3, 5))])).toEqual({ reordered: 1 });
  const six = { what: 'read', atMs: 6, place: at(6), value: 7 } as const;
  expect(found([reader('one', ...all(1, 2, 3, 4, 5), six)])).toEqual({ unexpected: 1 });
  expect(found([reader('one', ...all(1, 2, 3, 4, 5), read(2, at(6)))])).toEqual({ duplicated: 1, storedTwice: 1 });
  const swapped = [read(2, at(1)), read(1, at(2)), ...all(3, 4, 5)];
  expect(found([reader('one', ...swapped)])).toMatchObject({ diverged: 2 });
});

test('what the log lacks is found, and what stands elsewhere in it', () => {
  const one = reader('one', ...all(1, 2, 3, 4, 5));
  expect(found([one], { log: logged(1, 2, 4, 5) })).toEqual({ missingInLog: 1 });
  expect(found([one], { log: [...logged(1, 2, 3, 4), { room: ROOM, place: at(5), value: valueAt(9) }] })).toEqual({
    ...{ missingInLog: 1, diverged: 1, unexpected: 1 },
  });
});

test('a repetition of what was only ever refused is found', () => {
  const repeated = { atMs: 1, place: at(1), repeated: true };
  const publicationsOf = (doubts: number) => [published(1, { acked: repeated, refusals: 2, doubts })];
  expect(found([reader('one', read(1))], { publications: publicationsOf(0) })).toEqual({ repeatedAcks: 1, refusedYetStored: 1 });
  expect(found([reader('one', read(1))], { publications: publicationsOf(1) })).toEqual({ repeatedAcks: 1 });
});

test('side by side, each publisher has an order of its own and nothing is told', () => {
  const place = (publisher: string, seq: number) => at(seq, publisher);
  const from = (publisher: string, seq: number, n: number) =>
    published(n, { acked: { atMs: n, place: place(publisher, seq), repeated: false } });
  const publications = [from('p', 1, 1), from('q', 1, 2), from('p', 2, 3), from('q', 2, 4), from('p', 3, 5)];
  const events = [read(1, place('p', 1)), read(2, place('q', 1)), read(3, place('p', 2)), read(4, place('q', 2)), read(5, place('p', 3))];
  const of = (...kept: number[]) => reader('one', ...kept.map((index) => events[index]!));
  const sideBySide = { streams: 'side-by-side', publications } as const;
  expect(found([of(0, 1, 2, 3, 4)], sideBySide)).toEqual({});
  expect(found([of(1, 0, 3, 2, 4)], sideBySide)).toEqual({});
  expect(found([of(0, 1, 3, 4)], sideBySide)).toEqual({ lost: 1, lostMiddle: 1, silentGaps: 1 });
  expect(found([of(0, 2, 3, 1, 4)], sideBySide)).toEqual({ reordered: 1 });
});

test('recovery lasts until all readers of every room have something that was published after it began', () => {
  const readers = [reader('one', ...all(1, 2, 3, 4)), reader('two', ...all(1, 2), { ...read(3), atMs: 45 }, { ...read(4), atMs: 44 })];
  const publications = [1, 2, 3, 4].map((seq) => published(seq));
  const fault = (onsetMs: number, healMs: number, kind = 'redis-kill' as const) => ({
    ...{ kind, target: 'redis', overlapped: false },
    ...{ onsetMs, healMs },
  });
  expect(timesToRecover([fault(0, 2), fault(0, 3), fault(2, 5)], publications, readers)).toEqual([
    { afterMs: 18, lastReader: expect.any(String) },
    { afterMs: 41, lastReader: 'two in chat:r' },
    undefined,
  ]);
  expect(timesToRecover([{ ...fault(1, 5), kind: 'instance-kill' }], publications, readers)).toMatchObject([{ afterMs: 9 }]);
});

test('a seed gives the same faults again, another one others, and every kind comes in each round', () => {
  const first = (seed: number) => {
    const faults = schedule(seed);
    return Array.from({ length: FAULT_KINDS.length }, () => faults.next().value as Fault);
  };
  expect(first(1)).toEqual(first(1));
  expect(first(1)).not.toEqual(first(2));
  expect(
    first(3)
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual([...FAULT_KINDS].sort());
});

test('the command line is read, given back, and refused in one line', () => {
  const command = readCommand('--minutes 0.5 --seed 7 --faults redis-kill,client-cut --control --write'.split(' '));
  expect(command).toMatchObject({ do: 'run', write: true, settings: { side: 'control', minutes: 0.5, seed: 7, readers: 200 } });
  expect(command.do === 'run' && commandOf(command.settings)).toBe(
    'npm run faults -- --minutes 0.5 --seed 7 --faults redis-kill,client-cut --control',
  );
  expect(() => readCommand(['--faults', 'earthquake'])).toThrow('no fault is named earthquake');
  expect(() => readCommand(['--minutes', 'soon'])).toThrow('--minutes takes a number from 0.1 to 100000, not soon');
  const storm = readCommand('storm --clients 300 --seed 2'.split(' '));
  expect(storm).toMatchObject({ do: 'storm', settings: { clients: 300, seed: 2, rooms: 50, perSecond: 50 } });
  expect(storm.do === 'storm' && stormCommandOf(storm.settings)).toBe('npm run faults -- storm --clients 300 --seed 2');
  expect(() => readCommand(['storm', '--clients', '2'])).toThrow('--clients takes a number from 3 to 15000, not 2');
  expect(readCommand(['--help'])).toMatchObject({ do: 'help', text: expect.stringContaining('redis-black-hole') });
});

/** What becomes of the tenth room message that goes through. */
const MEDDLING = {
  passes: (frame: string) => [frame],
  drops: () => [],
  repeats: (frame: string) => [frame, frame],
} as const;

/** Does the same to one message of a connection, or swaps two. */
function meddling(how: keyof typeof MEDDLING | 'swaps'): (frame: string) => string[] {
  let messages = 0;
  let held: string | undefined;
  return (frame) => {
    if (!frame.startsWith('42["message",')) return [frame];
    messages++;
    if (how === 'swaps' && messages === 10) {
      held = frame;
      return [];
    }
    if (messages === 11 && held !== undefined) return [frame, held];
    return messages === 10 && how !== 'swaps' ? MEDDLING[how](frame) : [frame];
  };
}

let hub: HubProcess;
let loads = 0;
beforeAll(async () => {
  hub = await startHub(file, { env: { ROOMCAST_LIMITS: 'off', ROOMCAST_WEB: 'off' } });
});

/** The clients of a run on a real hub, one reader behind somebody who meddles; `rooms` decides whether it is a stock client or the SDK. */
async function judged(how: Parameters<typeof meddling>[0], rooms: number): Promise<CheckResult> {
  const meddle = meddling(how);
  let meddled = false;
  const { url: faultyUrl } = await startMeddler(scope, hub, (frame) => {
    const passed = meddle(frame);
    meddled ||= passed.length !== 1 || passed[0] !== frame;
    return passed;
  });
  const settings = { side: 'roomcast', seed: ++loads, rooms, readers: 4, perSecond: 200, url: hub.url, faultyUrl } as const;
  const load = scope.defer(new Load(settings), (open) => open.close());
  await load.ready();
  load.start();
  await waitFor(() => load.readers.every(({ values }) => values.size > 20), { what: 'messages at every reader' });
  const verdict = await load.finish([]);
  load.close();
  expect({ how, meddled }).toEqual({ how, meddled: how !== 'passes' });
  return verdict.check;
}

const CLEAN = { lost: 0, unexpected: 0, duplicated: 0, storedTwice: 0, reordered: 0, silentGaps: 0, diverged: 0, missingInLog: 0 };

test('a message that is dropped, repeated or swapped between a real hub and a reader is found', async () => {
  expect(await judged('passes', 1)).toMatchObject({ ...CLEAN, unfinished: 0, refusedYetStored: 0 });
  expect(await judged('drops', 1)).toMatchObject({ ...CLEAN, lost: 1, lostMiddle: 1, silentGaps: 1 });
  expect(await judged('repeats', 1)).toMatchObject({ ...CLEAN, duplicated: 1 });
  expect(await judged('swaps', 1)).toMatchObject({ ...CLEAN, reordered: 1 });
});

test('the client SDK makes up for a message that is dropped, repeated or swapped', async () => {
  for (const how of ['drops', 'repeats', 'swaps'] as const) expect(await judged(how, 4)).toMatchObject(CLEAN);
});

test('a client of the storm counts a message that is dropped, repeated or swapped', async () => {
  const found = { passes: [0, 0], drops: [1, 0], repeats: [0, 1], swaps: [1, 1] } as const;
  for (const how of ['passes', 'drops', 'repeats', 'swaps'] as const) {
    const { url } = await startMeddler(scope, hub, meddling(how));
    const crowd = new Crowd();
    await crowd.open({ urls: [url], clients: 1, rooms: 1, seed: ++loads, name: 'one' });
    for (let n = 0; n < 15; n++) await crowd.publishOnce();
    const heads = await crowd.end();
    const { holes, repeats, lost, stranded } = await crowd.figures({ heads, killedAtMs: 0, untilMs: 0, waitMs: PATIENCE_MS });
    expect({ how, counts: [holes, repeats], lost, stranded }).toEqual({ how, counts: found[how], lost: 0, stranded: 0 });
  }
});

const SEED = 11;
const SMOKE = `--minutes 0.45 --seed ${SEED} --readers 16 --rooms 4 --rate 60 --faults redis-kill,instance-kill,client-cut,redis-flush`;

test(`a cluster whose Redis, instance and clients fail loses nothing that it acknowledged (seed ${SEED})`, async () => {
  const { run, stdout } = await runFaultBench<FaultRun>(scope, SMOKE);
  const wrong = wrongWith(run);
  expect({ wrong, stdout }).toEqual({ wrong: [], stdout });
  expect(run.faults.length).toBeGreaterThanOrEqual(2);
  expect(run.check).toMatchObject({ unfinished: 0, lost: 0, acked: run.check.published });
  expect(run.check.acked).toBeGreaterThan(500);
  expect(run.check.read).toBeGreaterThan(run.check.acked);
  expect(run.jobs.accepted).toBeGreaterThan(0);

  const document = await readFile(join(ROOT, 'docs/reliability.md'), 'utf8');
  const written = withRun(document, run);
  expect(written).toContain(run.command);
  expect(written).toContain('| redis-kill ');
  expect(withRun(written, run)).toBe(written);
}, 300_000);

test('the clients of a killed instance come back to the others at once, and have what they missed once', async () => {
  const { run, stdout } = await runFaultBench<StormRun>(scope, 'storm --clients 200 --rooms 10 --rate 40 --seed 3');
  expect({ wrong: wrongWithStorm(run), stdout }).toEqual({ wrong: [], stdout });
  expect(run.crowd.lost).toBeGreaterThan(20);
  expect(run.crowd.backMs).toHaveLength(run.crowd.lost);
  expect(run.crowd.delays.during).toBeGreaterThan(0);
  expect(run.logReads).toBeLessThan(run.crowd.lost);
  expect(wrongWithStorm({ ...run, crowd: { ...run.crowd, holes: 1, stranded: 2, refusals: { 'HTTP 429': 3 } } })).toEqual([
    '2 clients without the last message',
    '1 holes',
    '3 answers HTTP 4xx',
  ]);
  const document = await readFile(join(ROOT, 'docs/reliability.md'), 'utf8');
  expect(withStorm(document, run)).toContain(run.command);
}, 300_000);
