import { describe, expect, test } from '@jest/globals';
import type { Cache } from './cache.js';
import type { CacheStore } from './cache-store.js';
import { type CacheOptions, createCache } from './layered-cache.js';
import { createMemoryCacheStore } from './memory-cache-store.js';

function clock(start = 1_000_000) {
  const time = { ms: start };
  return { time, now: () => time.ms };
}

function deferred<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Counts its computations; each gives the next number. */
function counter() {
  const state = { computed: 0 };
  return { state, compute: async () => ++state.computed };
}

function setup(options: Partial<CacheOptions> = {}) {
  const { time, now } = clock();
  const cache = createCache({ near: createMemoryCacheStore({ now }), now, random: () => 0, ...options });
  return { time, now, cache };
}

describe('one process', () => {
  test('a value is computed once within its time to live, and again after it', async () => {
    const { cache, time } = setup();
    const { compute } = counter();
    expect(await cache.read('k', { ttlMs: 100, compute })).toBe(1);
    expect(await cache.read('k', { ttlMs: 100, compute })).toBe(1);
    time.ms += 100;
    expect(await cache.read('k', { ttlMs: 100, compute })).toBe(2);
    expect(cache.stats()).toEqual({ hits: 1, misses: 2, waits: 0, stale: 0, computeErrors: 0 });
  });

  test('1000 askers at once compute once', async () => {
    const { cache } = setup();
    const { state, compute } = counter();
    const values = await Promise.all(Array.from({ length: 1000 }, () => cache.read('k', { ttlMs: 100, compute })));
    expect(new Set(values)).toEqual(new Set([1]));
    expect(state.computed).toBe(1);
    expect(cache.stats()).toMatchObject({ misses: 1, waits: 999 });
  });

  test.each([[undefined], [null]])('%p is an answer that is kept', async (answer) => {
    const { cache } = setup();
    let computed = 0;
    const read = () =>
      cache.read('k', {
        ttlMs: 100,
        compute: async () => {
          computed++;
          return answer;
        },
      });
    expect([await read(), await read()]).toEqual([answer, answer]);
    expect(computed).toBe(1);
  });

  test('an error reaches all askers and is not kept', async () => {
    const { cache } = setup();
    const first = deferred<number>();
    const asked = Array.from({ length: 10 }, () => cache.read('k', { ttlMs: 100, compute: () => first.promise }));
    first.reject(new Error('away'));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(10).fill('rejected'));
    expect(await cache.read('k', { ttlMs: 100, compute: async () => 7 })).toBe(7);
    expect(cache.stats().computeErrors).toBe(1);
  });

  test('past its freshness a value is served while one new computation runs', async () => {
    const { cache, time } = setup();
    await cache.read('k', { ttlMs: 100, staleMs: 1_000, compute: async () => 'old' });
    time.ms += 150;
    const fresh = deferred<string>();
    let computed = 0;
    const compute = () => {
      computed++;
      return fresh.promise;
    };
    const read = () => cache.read('k', { ttlMs: 100, staleMs: 1_000, compute });
    expect(await Promise.all([read(), read(), read()])).toEqual(['old', 'old', 'old']);
    fresh.resolve('new');
    await fresh.promise;
    let value = await read();
    while (value === 'old') value = await read();
    expect(value).toBe('new');
    expect(computed).toBe(1);
  });

  test('a failed refresh leaves the old value until it expires', async () => {
    const { cache, time } = setup();
    await cache.read('k', { ttlMs: 100, staleMs: 1_000, compute: async () => 'old' });
    const failing = { ttlMs: 100, staleMs: 1_000, compute: () => Promise.reject(new Error('away')) };
    time.ms += 150;
    expect(await cache.read('k', failing)).toBe('old');
    expect(await cache.read('k', failing)).toBe('old');
    time.ms += 1_000;
    await expect(cache.read('k', failing)).rejects.toThrow('away');
  });

  test('a time to live of 0 is computed once at a time and not kept', async () => {
    const { cache } = setup();
    const { compute } = counter();
    const read = { ttlMs: (value: number) => (value < 3 ? 0 : 100), compute };
    expect(await Promise.all([cache.read('k', read), cache.read('k', read)])).toEqual([1, 1]);
    expect(await cache.read('k', read)).toBe(2);
    expect(await cache.read('k', read)).toBe(3);
    expect(await cache.read('k', read)).toBe(3);
  });

  test('times to live are spread by the jitter', async () => {
    const { time, now } = clock();
    const cache = createCache({ near: createMemoryCacheStore({ now }), now, random: () => 0.5, jitter: 0.2 });
    const { compute } = counter();
    await cache.read('k', { ttlMs: 100, compute });
    time.ms += 89;
    expect(await cache.read('k', { ttlMs: 100, compute })).toBe(1);
    time.ms += 1;
    expect(await cache.read('k', { ttlMs: 100, compute })).toBe(2);
  });

  test('an invalidated tag makes its values unusable, and only its', async () => {
    const { cache } = setup();
    const a = counter();
    const b = counter();
    const readA = () => cache.read('a', { ttlMs: 100, tags: ['room:x', 'rooms'], compute: a.compute });
    const readB = () => cache.read('b', { ttlMs: 100, tags: ['room:y'], compute: b.compute });
    await Promise.all([readA(), readB()]);
    await cache.invalidate('room:x');
    expect([await readA(), await readB()]).toEqual([2, 1]);
    expect(await readA()).toBe(2);
  });

  test('values under one tag do not disturb each other', async () => {
    const { cache } = setup();
    const counters = Array.from({ length: 10 }, counter);
    const readAll = () => Promise.all(counters.map(({ compute }, n) => cache.read(`k${n}`, { ttlMs: 100, tags: ['t'], compute })));
    await readAll();
    await cache.read('later', { ttlMs: 100, tags: ['t', 'other'], compute: async () => 0 });
    expect(await readAll()).toEqual(Array(10).fill(1));
    await cache.invalidate('t');
    expect(await readAll()).toEqual(Array(10).fill(2));
  });

  test('what was being computed when its tag was invalidated is not given to later askers', async () => {
    const { cache } = setup();
    const before = deferred<string>();
    const early = cache.read('k', { ttlMs: 100, tags: ['t'], compute: () => before.promise });
    // A barrier: by its end the first read is computing.
    await cache.read('other', { ttlMs: 100, tags: ['t'], compute: async () => 0 });
    await cache.invalidate('t');
    const late = cache.read('k', { ttlMs: 100, tags: ['t'], compute: async () => 'after' });
    expect(await late).toBe('after');
    before.resolve('before');
    expect(await early).toBe('before');
    expect(await cache.read('k', { ttlMs: 100, tags: ['t'], compute: async () => 'again' })).not.toBe('before');
  });

  test('the times of a value go with it, and what is not kept is fresh no longer than it took', async () => {
    const { cache, time } = setup();
    const read = { ttlMs: 100, compute: async () => 'v' };
    const { time: _, ...at } = { time, storedAt: time.ms, freshUntil: time.ms + 100 };
    expect(await cache.readEntry('k', read)).toMatchObject({ value: 'v', ...at });
    time.ms += 60;
    expect(await cache.readEntry('k', read)).toMatchObject({ value: 'v', ...at });
    expect(await cache.readEntry('other', { ...read, ttlMs: 0 })).toMatchObject({ storedAt: time.ms, freshUntil: time.ms });
  });

  test('turned off, it keeps nothing and still computes once at a time', async () => {
    const far = createMemoryCacheStore();
    const { cache } = setup({ off: true, far });
    const { compute } = counter();
    const read = () => cache.read('k', { ttlMs: 60_000, staleMs: 60_000, tags: ['t'], compute });
    expect(await Promise.all([read(), read()])).toEqual([1, 1]);
    expect([await read(), await far.get('k')]).toEqual([2, undefined]);
  });

  test('what has no JSON is given to its askers, and not kept', async () => {
    const { cache } = setup({ far: createMemoryCacheStore() });
    let computed = 0;
    const read = () => cache.read('k', { ttlMs: 60_000, compute: async () => ({ big: BigInt(++computed) }) });
    expect([await read(), await read()]).toEqual([{ big: 1n }, { big: 2n }]);
  });
});

describe('several instances on one far store', () => {
  function instances(count: number, far: CacheStore, options: Partial<CacheOptions> = {}): Cache[] {
    return Array.from({ length: count }, () => createCache({ near: createMemoryCacheStore(), far, random: () => 0, ...options }));
  }

  test('3 x 1000 askers compute once', async () => {
    const caches = instances(3, createMemoryCacheStore());
    const { state, compute } = counter();
    const reads = caches.flatMap((cache) => Array.from({ length: 1000 }, () => cache.read('k', { ttlMs: 10_000, compute })));
    expect(new Set(await Promise.all(reads))).toEqual(new Set([1]));
    expect(state.computed).toBe(1);
  });

  test('who waits too long for the instance that computes, computes', async () => {
    const [first, second] = instances(2, createMemoryCacheStore(), { waitMs: 30 });
    const never = deferred<string>();
    const stuck = first!.read('k', { ttlMs: 100, compute: () => never.promise });
    expect(await second!.read('k', { ttlMs: 100, compute: async () => 'mine' })).toBe('mine');
    never.resolve('late');
    expect(await stuck).toBe('late');
  });

  test('when the computing instance fails, a waiting one computes', async () => {
    const far = createMemoryCacheStore();
    const [first, second] = instances(2, far);
    const failing = deferred<string>();
    const failed = first!.read('k', { ttlMs: 100, compute: () => failing.promise });
    while (await far.claim('k', 'probe', 1_000)) {
      await far.release('k', 'probe');
      // A turn for the timer of whoever met the probe's claim.
      await new Promise(setImmediate);
    }
    const waiting = second!.read('k', { ttlMs: 100, compute: async () => 'second' });
    failing.reject(new Error('away'));
    await expect(failed).rejects.toThrow('away');
    expect(await waiting).toBe('second');
  });

  test('an invalidation here is seen there once the near copy ends', async () => {
    const { time, now } = clock();
    const far = createMemoryCacheStore({ now });
    const [here, there] = [1, 2].map(() =>
      createCache({ near: createMemoryCacheStore({ now }), far, now, nearTtlMs: 50, random: () => 0 }),
    );
    const { compute } = counter();
    const read = (cache: Cache) => cache.read('k', { ttlMs: 10_000, tags: ['t'], compute });
    expect([await read(here!), await read(there!)]).toEqual([1, 1]);
    await here!.invalidate('t');
    expect(await read(here!)).toBe(2);
    expect(await read(there!)).toBe(1);
    time.ms += 50;
    expect(await read(there!)).toBe(2);
  });

  test('a near copy that may be stale is served while the far store is looked into, so that no asker waits for it', async () => {
    const { time, now } = clock();
    const far = createMemoryCacheStore({ now });
    const options = { far, now, random: () => 0, nearTtlMs: 100 };
    const { state, compute } = counter();
    const read = { ttlMs: 1_000, staleMs: 1_000, compute };
    const cache = createCache({ near: createMemoryCacheStore({ now }), ...options });
    await cache.read('k', read);
    time.ms += 150;
    const looked = deferred<void>();
    const get = far.get.bind(far);
    far.get = async (key) => {
      await looked.promise;
      return get(key);
    };
    expect(await cache.read('k', read)).toBe(1);
    looked.resolve();
    await new Promise(setImmediate);
    const { hits } = cache.stats();
    expect(await cache.read('k', read)).toBe(1);
    expect([cache.stats().hits, state.computed]).toEqual([hits + 1, 1]);
    time.ms += 250;
    expect(await cache.read('k', { ...read, staleMs: 0 })).toBe(1);
    expect(state.computed).toBe(1);
  });

  test('what is kept here only does not touch the far store', async () => {
    const { time, now } = clock();
    const far = createMemoryCacheStore({ now });
    const touched: string[] = [];
    for (const call of ['get', 'set', 'claim', 'release'] as const) {
      const original = far[call].bind(far) as (...args: never[]) => Promise<never>;
      Object.assign(far, {
        [call]: (...args: never[]) => {
          touched.push(call);
          return original(...args);
        },
      });
    }
    const cache = createCache({ near: createMemoryCacheStore({ now }), far, now, random: () => 0, nearTtlMs: 10 });
    const { state, compute } = counter();
    const read = { ttlMs: 100, here: true as const, tags: ['t'], compute };
    expect(await Promise.all([cache.read('k', read), cache.read('k', read)])).toEqual([1, 1]);
    time.ms += 90;
    expect(await cache.read('k', read)).toBe(1);
    expect([state.computed, touched]).toEqual([1, []]);
    await cache.invalidate('t');
    expect(await cache.read('k', read)).toBe(2);
  });

  test('the age of what is served is told', async () => {
    const ages: number[] = [];
    const { cache, time } = setup({ onServe: (ageMs) => ages.push(ageMs) });
    const read = { ttlMs: 100, staleMs: 100, compute: async () => 1 };
    await cache.read('k', read);
    for (const passed of [0, 40, 80]) {
      time.ms += passed;
      await cache.read('k', read);
    }
    expect(ages).toEqual([0, 40, 120]);
  });

  test('a stale far value is served by every instance and computed again by one', async () => {
    const { time, now } = clock();
    const far = createMemoryCacheStore({ now });
    const caches = [1, 2, 3].map(() => createCache({ near: createMemoryCacheStore({ now }), far, now, random: () => 0 }));
    await caches[0]!.read('k', { ttlMs: 100, staleMs: 10_000, compute: async () => 'old' });
    time.ms += 5_000;
    const next = deferred<string>();
    let computed = 0;
    const read = (cache: Cache) =>
      cache.read('k', {
        ttlMs: 100,
        staleMs: 10_000,
        compute: () => {
          computed++;
          return next.promise;
        },
      });
    for (let round = 0; round < 3; round++) expect(await Promise.all(caches.map(read))).toEqual(['old', 'old', 'old']);
    next.resolve('new');
    while ((await far.get('k'))?.value !== 'new') await Promise.resolve();
    expect(await Promise.all(caches.map(read))).toEqual(['new', 'new', 'new']);
    expect(computed).toBe(1);
  });

  test('with the far store away everyone computes, without an error', async () => {
    const away: CacheStore = {
      get: async () => undefined,
      set: async () => {},
      remove: async () => {},
      claim: async () => true,
      release: async () => {},
      close: async () => {},
    };
    const caches = instances(3, away);
    const { state, compute } = counter();
    await Promise.all(caches.flatMap((cache) => Array.from({ length: 100 }, () => cache.read('k', { ttlMs: 1_000, compute }))));
    expect(state.computed).toBe(3);
  });

  test('what a read found in the far store just before an invalidation is not kept past it', async () => {
    const far = createMemoryCacheStore();
    const [here, there] = instances(2, far);
    const { compute } = counter();
    const read = (cache: Cache) => cache.read('k', { ttlMs: 60_000, tags: ['t'], compute });
    expect(await read(there!)).toBe(1);
    // The far store has answered, and its answer is on its way while the tag is invalidated.
    const answered = deferred<void>();
    const goOn = deferred<void>();
    const get = far.get.bind(far);
    far.get = async (key) => {
      const entry = await get(key);
      if (key !== 'k') return entry;
      answered.resolve();
      await goOn.promise;
      return entry;
    };
    const early = read(here!);
    await answered.promise;
    await here!.invalidate('t');
    far.get = get;
    goOn.resolve();
    expect(await early).toBe(1);
    expect(await read(here!)).toBe(2);
  });

  test('what a read brings while the far store is being told is not kept past it', async () => {
    const far = createMemoryCacheStore();
    const [here, there] = instances(2, far);
    const { compute } = counter();
    const read = (cache: Cache) => cache.read('k', { ttlMs: 60_000, tags: ['t'], compute });
    expect(await read(there!)).toBe(1);
    const told = deferred<void>();
    const remove = far.remove.bind(far);
    far.remove = async (key) => {
      await told.promise;
      return remove(key);
    };
    const invalidated = here!.invalidate('t');
    expect(await read(here!)).toBe(1);
    told.resolve();
    await invalidated;
    expect(await read(here!)).toBe(2);
  });

  test('an invalidation here only reaches what is kept here, and costs the far store nothing', async () => {
    const far = createMemoryCacheStore();
    const [here, there] = instances(2, far);
    const counters = [counter(), counter()];
    const read = (n: number) => [here!, there!][n]!.read('k', { ttlMs: 60_000, here: true, tags: ['t'], compute: counters[n]!.compute });
    await Promise.all([read(0), read(1)]);
    far.remove = () => Promise.reject(new Error('the far store was asked'));
    await here!.invalidateHere('t');
    expect([await read(0), await read(1)]).toEqual([2, 1]);
  });

  test('invalidated tags leave nothing behind', async () => {
    const [near, far] = [createMemoryCacheStore({ maxEntries: 2 }), createMemoryCacheStore()];
    const cache = createCache({ near, far, random: () => 0 });
    const { compute } = counter();
    const read = { ttlMs: 60_000, compute };
    await cache.read('k', read);
    for (let n = 0; n < 100; n++) await cache.invalidate(`t${n}`);
    expect(await cache.read('k', read)).toBe(1);
  });
});
