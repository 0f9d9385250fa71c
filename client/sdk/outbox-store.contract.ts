import { describe, expect, test } from '@jest/globals';
import type { OutboxEntry, OutboxStore } from './outbox-store.js';

const entry = (id: string, more: Partial<OutboxEntry> = {}): OutboxEntry => ({
  ...{ room: 'chat:a', id, data: { text: id }, user: 'ada', createdAt: 1_700_000_000_000 },
  ...more,
});

/** Stores of one place: `open` gives the one that comes after those before it, which are closed. */
export interface OutboxPlace {
  readonly open: () => Promise<OutboxStore>;
  /** What was put is there in the next one too. */
  readonly outlives: boolean;
}

/** What every engine of the port does. */
export function describeOutboxStore(engine: string, newPlace: () => Promise<OutboxPlace>): void {
  describe(`${engine} outbox store`, () => {
    /** What a store has, and the next one too where it outlives the first. */
    async function contents(fill: (store: OutboxStore) => Promise<unknown>): Promise<OutboxEntry[]> {
      const { open, outlives } = await newPlace();
      const first = await open();
      await fill(first);
      const kept = await first.load();
      await first.close();
      const next = await open();
      expect(await next.load()).toEqual(outlives ? kept : []);
      await next.close();
      return kept;
    }

    test('is empty at first', async () => {
      expect(await contents(async () => {})).toEqual([]);
    });

    test('keeps entries in the order in which they were put, also those that were put together', async () => {
      const entries = Array.from({ length: 50 }, (_, n) => entry(`m${(n * 7) % 50}`));
      expect(await contents((store) => Promise.all(entries.map((one) => store.put(one))))).toEqual(entries);
    });

    test('keeps what structured cloning keeps: a type, binary, text of any script', async () => {
      const data = { bytes: new Uint8Array([0, 10, 13, 255]), list: [1.5, null, { deep: true }], text: 'ü\n🦊' };
      const rich = entry('rich', { type: 'move', data });
      expect(await contents((store) => store.put(rich))).toEqual([rich]);
    });

    test('what is put again is replaced in its place', async () => {
      const kept = await contents(async (store) => {
        await Promise.all(['a', 'b', 'c'].map((id) => store.put(entry(id))));
        await store.put(entry('b', { data: 'other' }));
      });
      expect(kept).toEqual([entry('a'), entry('b', { data: 'other' }), entry('c')]);
    });

    test('an entry is named by its room and id together; one that is not there is removed without a word', async () => {
      const kept = await contents(async (store) => {
        await store.put(entry('a'));
        await store.put(entry('a', { room: 'chat:b' }));
        await store.put(entry('b'));
        await Promise.all([store.remove({ room: 'chat:b', id: 'a' }), store.remove({ room: 'chat:b', id: 'b' })]);
      });
      expect(kept).toEqual([entry('a'), entry('b')]);
    });

    test('what was removed and put again is the last', async () => {
      const kept = await contents(async (store) => {
        await Promise.all([store.put(entry('a')), store.put(entry('b')), store.remove(entry('a')), store.put(entry('a'))]);
      });
      expect(kept).toEqual([entry('b'), entry('a')]);
    });
  });
}
