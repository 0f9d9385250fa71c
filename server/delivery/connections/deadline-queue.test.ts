import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DeadlineQueue, type Timing } from './deadline-queue.js';

/** Time that stands until it is moved; timers as Node's, by whole milliseconds. */
class ManualTiming implements Timing {
  time = 0.4;
  readonly #armed: { at: number; run: () => void; timer: NodeJS.Timeout }[] = [];

  readonly now = (): number => this.time;

  setTimeout(run: () => void, ms: number): NodeJS.Timeout {
    // A real one that never fires, so that `clearTimeout` takes it.
    const timer = setTimeout(() => {}, 2 ** 30).unref();
    this.#armed.push({ at: this.time + ms, run, timer });
    return timer;
  }

  /** Timers that would still fire. */
  get armed(): number {
    return this.#live().length;
  }

  advance(byMs: number): void {
    const end = this.time + byMs;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      clearTimeout(next.timer);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }

  #live() {
    return this.#armed.filter(({ timer }) => !(timer as unknown as { _destroyed: boolean })._destroyed);
  }

  #next(until: number) {
    return this.#live()
      .sort((a, b) => a.at - b.at)
      .find(({ at }) => at <= until);
  }
}

test('an item is due once, its delay after it was put in last, and not when it was taken out', () => {
  const timing = new ManualTiming();
  const due: string[] = [];
  const queue = new DeadlineQueue<{ name: string }>(100, ({ name }) => due.push(name), timing);
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  for (const item of [a, b, c]) queue.put(item);
  timing.advance(60);
  queue.put(a);
  queue.delete(b);
  timing.advance(50);
  expect(due).toEqual(['c']);
  timing.advance(51);
  expect(due).toEqual(['c', 'a']);
  expect(queue.size).toBe(0);
  expect(timing.armed).toBe(0);
});

test('what is due may put itself in again, and take others out', () => {
  const timing = new ManualTiming();
  const due: string[] = [];
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  const queue = new DeadlineQueue<{ name: string }>(
    100,
    (item) => {
      due.push(item.name);
      queue.delete(b);
      if (item === a && due.length < 5) queue.put(a);
      expect(timing.armed).toBeLessThanOrEqual(1);
    },
    timing,
  );
  for (const item of [a, b]) queue.put(item);
  timing.advance(30);
  queue.put(c);
  timing.advance(71);
  for (let turn = 0; turn < 20; turn++) {
    timing.advance(50);
    expect(timing.armed).toBeLessThanOrEqual(1);
  }
  expect(due).toEqual(['a', 'c', 'a', 'a', 'a']);
  expect(timing.armed).toBe(0);
});

test('whatever is put in and taken out, each is called within a millisecond after its time, never before, by one timer', () => {
  const step = fc.record({ act: fc.constantFrom('put', 'put', 'delete'), item: fc.nat(5), waitMs: fc.nat(70) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const timing = new ManualTiming();
      const expected = new Map<object, number>();
      const items = Array.from({ length: 6 }, (_, n) => ({ n }));
      const queue = new DeadlineQueue<object>(
        100,
        (item) => {
          const late = timing.time - expected.get(item)!;
          expect(late).toBeGreaterThanOrEqual(0);
          expect(late).toBeLessThanOrEqual(1);
          expected.delete(item);
        },
        timing,
      );
      for (const { act, item, waitMs } of steps) {
        const one = items[item]!;
        if (act === 'put') {
          queue.put(one);
          expected.set(one, timing.time + 100);
        } else {
          queue.delete(one);
          expected.delete(one);
        }
        expect(timing.armed).toBeLessThanOrEqual(1);
        timing.advance(waitMs);
      }
      timing.advance(102);
      expect([...expected.keys()]).toEqual([]);
      expect(timing.armed).toBe(0);
    }),
  );
});
