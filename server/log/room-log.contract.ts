import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import { formatPosition } from '../../shared/position.js';
import type { RoomName } from '../../shared/rooms.js';
import { waitFor } from '../../test/support/wait.js';
import type { Appended, LogEntry, LogRange, NewMessage, Retention, RoomLog } from './room-log.js';

export interface OpenedLog {
  readonly log: RoomLog;
  /** Closes the log and removes what it stored. */
  close(): Promise<void>;
}

const ALL: Retention = { messages: 0, ttlMs: 0 };
const OLDEST = { limit: BOUNDS.pageMessages, from: 'oldest' } as const;
const SENDER = { id: 'u1', name: 'Ümit 🦊' };

const newRoom = (kind = 'chat'): RoomName => `${kind}:${randomUUID()}`;
const message = (room: RoomName, id: string, data: unknown = { text: id }): NewMessage => ({ room, id, type: 'text', from: SENDER, data });
const ids = (count: number, from = 1) => Array.from({ length: count }, (_, i) => `m${from + i}`);
/** What an entry says, apart from its size. */
const seen = ({ epoch, seq, message, json }: LogEntry) => ({ epoch, seq, message, json });
const seqs = (entries: readonly LogEntry[]) => entries.map((entry) => entry.seq);
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

async function appendAll(log: RoomLog, room: RoomName, names: readonly string[], retention = ALL): Promise<Appended[]> {
  return Promise.all(names.map((id) => log.append(message(room, id), retention)));
}

/** Follows a room and writes down what it hears. */
async function listen(log: RoomLog, room: RoomName) {
  const entries: LogEntry[] = [];
  const end = await log.follow(room, { entry: (entry) => entries.push(entry), doubt() {} });
  return { entries, end };
}

/** What every engine of the port does. `open` gives a log on a store of its own. */
export function describeRoomLog(engine: string, open: (options?: { idWindowMs: number }) => Promise<OpenedLog>): void {
  describe(`${engine} room log`, () => {
    const opened: OpenedLog[] = [];
    afterEach(async () => {
      for (const { close } of opened.splice(0)) await close();
    });
    const start = async (options?: { idWindowMs: number }): Promise<RoomLog> => {
      const one = await open(options);
      opened.push(one);
      return one.log;
    };

    test('a room that was never written is empty, and its epoch stays when it is written', async () => {
      const log = await start();
      const room = newRoom();
      const empty = await log.ends(room);
      expect(empty).toMatchObject({ first: 1, last: 0 });
      expect(empty.epoch).toMatch(/^[a-z0-9]{1,32}$/);
      expect(await log.read(room, OLDEST)).toEqual({ ...empty, entries: [] });
      const { entry } = await log.append(message(room, 'a'), ALL);
      expect(entry).toMatchObject({ epoch: empty.epoch, seq: 1 });
      expect(await log.ends(room)).toEqual({ epoch: empty.epoch, first: 1, last: 1 });
    });

    test('seqs of each room rise by 1, and appends of one turn keep their order', async () => {
      const log = await start();
      const [one, two] = [newRoom(), newRoom('logs')];
      const names = ids(200);
      const [first, second] = await Promise.all([appendAll(log, one, names), appendAll(log, two, names)]);
      for (const [room, appended] of [
        [one, first],
        [two, second],
      ] as const) {
        expect(appended.map(({ entry }) => entry.seq)).toEqual(range(1, 200));
        const { entries } = await log.read(room, OLDEST);
        expect(entries.map((entry) => entry.message.id)).toEqual(names);
      }
    });

    test('an entry is read as it was appended, at its position and time, binary kept', async () => {
      const log = await start();
      const room = newRoom();
      const before = Date.now();
      const payloads: unknown[] = [
        null,
        0,
        -1.5,
        1e300,
        false,
        '',
        'quote " backslash \\ control \u0001 nul \u0000 line \u2028 🦊 ü',
        [],
        {},
        { text: 'x', nested: [{ a: [1, { b: null }] }], big: 2 ** 53 - 1 },
        Buffer.from([0, 255, 34, 123]),
        { files: [{ name: 'ü', bytes: Buffer.alloc(300, 7) }], count: 70_000, negative: -70_000, empty: Buffer.alloc(0) },
      ];
      for (const [i, data] of payloads.entries()) await log.append({ ...message(room, `p${i}`, data), type: 'custom:type' }, ALL);
      const { epoch, entries } = await log.read(room, OLDEST);
      expect(entries.map((entry) => entry.message.data)).toEqual(payloads);
      for (const [i, entry] of entries.entries()) {
        expect(entry).toMatchObject({ epoch, seq: i + 1 });
        const { position, time, ...rest } = entry.message;
        expect(rest).toEqual({ room, id: `p${i}`, type: 'custom:type', from: SENDER, data: payloads[i] });
        expect(position).toBe(formatPosition(epoch, i + 1));
        expect(time).toBeGreaterThanOrEqual(i === 0 ? before - 1_000 : entries[i - 1]!.message.time);
        expect(time).toBeLessThanOrEqual(Date.now() + 1_000);
      }
    });

    test('what is appended is what the message was when append was called', async () => {
      const log = await start();
      const room = newRoom();
      const data = { text: 'before', bytes: Buffer.from('before') };
      const appending = log.append(message(room, 'a', data), ALL);
      data.text = 'after';
      data.bytes.fill(0);
      await appending;
      const { entries } = await log.read(room, OLDEST);
      expect(entries[0]!.message.data).toEqual({ text: 'before', bytes: Buffer.from('before') });
    });

    test('data that is neither JSON nor binary is refused and leaves no trace', async () => {
      const log = await start();
      const room = newRoom();
      await expect(log.append(message(room, 'a', { n: 1n }), ALL)).rejects.toMatchObject({ code: 'invalid' });
      expect(await log.ends(room)).toMatchObject({ first: 1, last: 0 });
    });

    test('a repeated id is the first one, also within one turn, in its room only', async () => {
      const log = await start();
      const [room, other] = [newRoom(), newRoom()];
      const heard = await listen(log, room);
      const [first, again] = await Promise.all([log.append(message(room, 'a'), ALL), log.append(message(room, 'a', 'else'), ALL)]);
      const later = await log.append(message(room, 'a'), ALL);
      const elsewhere = await log.append(message(other, 'a'), ALL);
      expect(first).toMatchObject({ repeated: false });
      expect(again).toEqual({ entry: first.entry, repeated: true });
      expect(later).toEqual({ entry: first.entry, repeated: true });
      expect(elsewhere.repeated).toBe(false);
      await log.append(message(room, 'b'), ALL);
      await waitFor(() => heard.entries.some((entry) => entry.message.id === 'b'));
      expect(heard.entries.map((entry) => entry.message.id)).toEqual(['a', 'b']);
      expect((await log.ends(room)).last).toBe(2);
    });

    test('[P90] what comes after a message that is not stored is refused, within one turn too; a repetition of what is stored is not', async () => {
      const log = await start();
      const room = newRoom();
      const heard = await listen(log, room);
      const append = (id: string, after?: string) => log.append({ ...message(room, id), after }, ALL);
      const settled = await Promise.allSettled([
        append('early', 'never'),
        append('a'),
        append('b', 'a'),
        append('d', 'c'),
        append('e', 'd'),
        append('f', 'b'),
        append('b', 'c'),
      ]);
      expect(settled.map((one) => (one.status === 'fulfilled' ? one.value.entry.seq : one.reason.code))).toEqual([
        'out_of_order',
        1,
        2,
        'out_of_order',
        'out_of_order',
        3,
        2,
      ]);
      expect((await append('g', 'f')).entry.seq).toBe(4);
      await expect(append('h', 'e')).rejects.toMatchObject({ code: 'out_of_order' });
      await waitFor(() => heard.entries.some((entry) => entry.message.id === 'g'));
      expect(heard.entries.map((entry) => entry.message.id)).toEqual(['a', 'b', 'f', 'g']);
      expect((await log.ends(room)).last).toBe(4);
    });

    test('an id is known for the window at least, and new again some time after it', async () => {
      const idWindowMs = 40;
      const log = await start({ idWindowMs });
      for (let n = 0; n < 6; n++) {
        const room = newRoom();
        const { entry: first } = await log.append(message(room, 'a'), ALL);
        const { entry: next } = await waitFor(async () => {
          const again = await log.append(message(room, 'a'), ALL);
          return again.repeated ? undefined : again;
        });
        expect(next.seq).toBe(2);
        expect(next.time - first.time).toBeGreaterThanOrEqual(idWindowMs);
      }
    });

    test('a page is cut from the end that was asked for, ascending, within its bounds', async () => {
      const log = await start();
      const room = newRoom();
      await appendAll(log, room, ids(20));
      const ends = await log.ends(room);
      const page = async (asked: LogRange) => seqs((await log.read(room, asked)).entries);
      expect(await page({ limit: 5, from: 'oldest' })).toEqual(range(1, 5));
      expect(await page({ limit: 5, from: 'newest' })).toEqual(range(16, 20));
      expect(await page({ after: 7, limit: 3, from: 'oldest' })).toEqual(range(8, 10));
      expect(await page({ before: 7, limit: 3, from: 'newest' })).toEqual(range(4, 6));
      expect(await page({ after: 3, before: 6, limit: 50, from: 'newest' })).toEqual([4, 5]);
      expect(await page({ after: 3, before: 4, limit: 50, from: 'oldest' })).toEqual([]);
      expect(await page({ after: 20, limit: 50, from: 'oldest' })).toEqual([]);
      expect(await page({ after: 500, limit: 50, from: 'oldest' })).toEqual([]);
      expect(await page({ before: 1, limit: 50, from: 'newest' })).toEqual([]);
      expect(await page({ limit: 0, from: 'newest' })).toEqual([]);
      expect(await log.read(room, { limit: 1, from: 'newest' })).toMatchObject(ends);
    });

    test('a page ends early when it has many bytes, never with nothing', async () => {
      const log = await start();
      const room = newRoom();
      const large = 'x'.repeat(BOUNDS.pageBytes * 0.4);
      for (const id of ids(5)) await log.append(message(room, id, large), ALL);
      await log.append(message(room, 'huge', large + large + large + large), ALL);
      expect(seqs((await log.read(room, OLDEST)).entries)).toEqual([1, 2]);
      expect(seqs((await log.read(room, { ...OLDEST, before: 6, from: 'newest' })).entries)).toEqual([4, 5]);
      expect(seqs((await log.read(room, { ...OLDEST, from: 'newest' })).entries)).toEqual([6]);
    });

    test('followers hear each entry, ascending, as it is read, from when they follow until they stop', async () => {
      const log = await start();
      const [room, other] = [newRoom(), newRoom()];
      await log.append(message(room, 'before'), ALL);
      const [one, two] = await Promise.all([listen(log, room), listen(log, room)]);
      await log.append(message(other, 'elsewhere'), ALL);
      await appendAll(log, room, ids(50));
      await waitFor(() => one.entries.length === 50 && two.entries.length === 50);
      // How many bytes it has may be counted with what a broadcast puts around it.
      const read = (await log.read(room, { ...OLDEST, after: 1 })).entries;
      expect(one.entries.map(seen)).toEqual(read.map(seen));
      expect(one.entries.every(({ bytes }, i) => bytes >= read[i]!.bytes)).toBe(true);
      one.end();
      await log.append(message(room, 'late', Buffer.from('late')), ALL);
      await waitFor(() => two.entries.length === 51);
      expect(one.entries).toHaveLength(50);
      expect(two.entries.at(-1)!.message.data).toEqual(Buffer.from('late'));
      two.end();
      two.end();
    });

    test('a follower that throws, or appends while it hears, disturbs neither the others nor the order', async () => {
      const log = await start();
      const room = newRoom();
      await log.follow(room, {
        entry({ message: { id } }) {
          if (id === 'm1') void log.append(message(room, 'answer'), ALL);
          throw new Error('mine');
        },
        doubt() {},
      });
      const heard = await listen(log, room);
      await appendAll(log, room, ids(3));
      await waitFor(() => heard.entries.length === 4);
      expect(seqs(heard.entries)).toEqual(range(1, 4));
    });

    test('retention by count keeps at least the newest, and drops the others as more come', async () => {
      const log = await start();
      const room = newRoom();
      const keep = { messages: 50, ttlMs: 0 };
      for (let done = 0; done < 1_500; done += 100) {
        await appendAll(log, room, ids(100, done + 1), keep);
        const { first, last } = await log.ends(room);
        expect(last - first + 1).toBeGreaterThanOrEqual(50);
      }
      const { first, last } = await log.ends(room);
      expect(last).toBe(1_500);
      expect(last - first + 1).toBeLessThan(500);
      expect(seqs((await log.read(room, { ...OLDEST, after: 3 })).entries)).toEqual(range(first, Math.min(last, first + 499)));
    });

    test('retention by age drops what is older, keeps what is younger, and keeps the epoch and the seqs', async () => {
      const log = await start();
      const room = newRoom();
      const keep = { messages: 0, ttlMs: 150 };
      const { entry: old } = await log.append(message(room, 'old'), keep);
      let count = 0;
      await waitFor(async () => {
        const { entry } = await log.append(message(room, `young${count++}`), keep);
        const { first } = await log.ends(room);
        expect(first).toBeLessThanOrEqual(entry.seq);
        return first > 1;
      });
      const { epoch, first, last, entries } = await log.read(room, OLDEST);
      expect(epoch).toBe(old.epoch);
      expect(last).toBe(count + 1);
      expect(seqs(entries)).toEqual(range(first, last));
      for (const { message: kept } of entries) expect(kept.time).toBeGreaterThan(old.time);
    });

    test('a room whose entries all grew too old goes on in its epoch, after its last seq', async () => {
      const log = await start();
      const room = newRoom();
      const keep = { messages: 0, ttlMs: 60 };
      const appended = await appendAll(log, room, ids(3), keep);
      await waitFor(async () => Date.now() > appended[2]!.entry.time + 200);
      const { entry } = await log.append(message(room, 'next'), ALL);
      expect(entry).toMatchObject({ epoch: appended[0]!.entry.epoch, seq: 4 });
      expect((await log.read(room, OLDEST)).entries.at(-1)).toMatchObject({ seq: 4 });
    });

    test('rooms with entries are listed, the latest times first, by prefix and up to a limit', async () => {
      const log = await start();
      const mark = randomUUID();
      const named = (kind: string, n: number): RoomName => `${kind}:${mark}-${n}`;
      await log.ends(named('chat', 0));
      for (const n of [1, 2, 3]) await appendAll(log, named('chat', n), ids(n));
      await log.append(message(named('logs', 1), 'a'), ALL);
      const chats = await log.rooms({ prefix: `chat:${mark}`, limit: 10 });
      expect(chats.map(({ room }) => room).sort()).toEqual([1, 2, 3].map((n) => named('chat', n)));
      for (const { room, last, time } of chats) {
        expect(last).toBe((await log.ends(room)).last);
        expect(Math.abs(Date.now() - time)).toBeLessThan(11_000);
      }
      expect(chats.map(({ time }) => time)).toEqual(chats.map(({ time }) => time).sort((a, b) => b - a));
      expect(await log.rooms({ prefix: 'chat:', limit: 2 })).toHaveLength(2);
      expect((await log.rooms({ prefix: 'lo', limit: 10 })).map(({ room }) => room)).toContain(named('logs', 1));
      expect((await log.rooms({ limit: 1_000 })).map(({ room }) => room)).toEqual(
        expect.arrayContaining([named('logs', 1), named('chat', 1)]),
      );
      expect(await log.rooms({ prefix: 'nothing:', limit: 10 })).toEqual([]);
    });

    test('a closed log refuses with unavailable', async () => {
      const log = await start();
      const room = newRoom();
      await log.append(message(room, 'a'), ALL);
      await log.close();
      const asked = [
        log.append(message(room, 'b'), ALL),
        log.read(room, OLDEST),
        log.ends(room),
        log.follow(room, { entry() {}, doubt() {} }),
        log.rooms({ limit: 1 }),
      ];
      for (const result of await Promise.allSettled(asked)) {
        expect(result.status).toBe('rejected');
        const { reason } = result as PromiseRejectedResult;
        expect(reason).toBeInstanceOf(HubError);
        expect(reason).toMatchObject({ code: 'unavailable' });
      }
      await log.close();
    });

    test('what a crash could lose is said in one sentence', async () => {
      const log = await start();
      expect(log.durability).toMatch(/^[A-Z].*\.$/);
    });

    test('any sequence of appends and reads gives what a plain list gives', async () => {
      const log = await start();
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), (steps) => agreesWithModel(log, steps)),
        { numRuns: 40 },
      );
    });
  });
}

interface AppendStep {
  readonly do: 'append';
  readonly room: number;
  /** Appended in one turn; equal numbers are equal ids. */
  readonly ids: readonly number[];
  readonly data: unknown;
}
interface ReadStep extends LogRange {
  readonly do: 'read';
  readonly room: number;
}

const room = fc.integer({ min: 0, max: 2 });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const payload = fc.oneof(fc.jsonValue({ maxDepth: 3 }), bytes, fc.record({ text: fc.string({ unit: 'grapheme' }), bytes }));
const seqBound = fc.option(fc.nat(30), { nil: undefined });
const step: fc.Arbitrary<AppendStep | ReadStep> = fc.oneof(
  fc.record({ do: fc.constant('append' as const), room, ids: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), data: payload }),
  fc.record({
    do: fc.constant('read' as const),
    room,
    after: seqBound,
    before: seqBound,
    limit: fc.nat(12),
    from: fc.constantFrom('oldest', 'newest'),
  }),
);

async function agreesWithModel(log: RoomLog, steps: readonly (AppendStep | ReadStep)[]): Promise<void> {
  const rooms = [newRoom(), newRoom('metrics'), newRoom('job')];
  const model = rooms.map((): { id: string; data: unknown }[] => []);
  const heard = await Promise.all(rooms.map((name) => listen(log, name)));
  for (const asked of steps) {
    const name = rooms[asked.room]!;
    const list = model[asked.room]!;
    if (asked.do === 'append') {
      // JSON has no negative zero.
      const data = Buffer.isBuffer(asked.data) || hasBytes(asked.data) ? asked.data : JSON.parse(JSON.stringify(asked.data));
      const appended = await Promise.all(asked.ids.map((id) => log.append(message(name, `i${id}`, data), ALL)));
      for (const [i, { entry, repeated }] of appended.entries()) {
        const id = `i${asked.ids[i]}`;
        const known = list.findIndex((one) => one.id === id);
        expect(repeated).toBe(known >= 0);
        if (known < 0) list.push({ id, data });
        expect(entry.seq).toBe(known < 0 ? list.length : known + 1);
      }
    } else {
      const { after = 0, before = Number.POSITIVE_INFINITY, limit, from } = asked;
      const { entries, first, last } = await log.read(name, asked);
      const within = list.map((one, i) => ({ ...one, seq: i + 1 })).filter(({ seq }) => seq > after && seq < before);
      const expected = from === 'oldest' ? within.slice(0, limit) : within.slice(Math.max(0, within.length - limit));
      expect(entries.map(({ seq, message: { id, data } }) => ({ id, data, seq }))).toEqual(expected);
      expect([first, last]).toEqual([1, list.length]);
    }
  }
  for (const [i, { entries, end }] of heard.entries()) {
    await waitFor(() => entries.length === model[i]!.length);
    expect(entries.map(({ seq, message: { id, data } }) => ({ id, data, seq }))).toEqual(
      model[i]!.map((one, n) => ({ ...one, seq: n + 1 })),
    );
    end();
  }
}

function hasBytes(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'bytes' in value && Buffer.isBuffer(value.bytes);
}
