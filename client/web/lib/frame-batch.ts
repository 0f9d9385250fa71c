/** Runs `callback` once, soon; gives a function that takes it back. */
export type Schedule = (callback: () => void) => () => void;

/**
 * Before the next paint; in a page that is not shown, where no paint comes, after `hiddenMs`, so that nothing piles up there.
 */
export function beforePaint(hiddenMs = 500): Schedule {
  return (callback) => {
    const cancel = () => {
      cancelAnimationFrame(handle);
      clearTimeout(timer);
    };
    const run = () => {
      cancel();
      callback();
    };
    // The timer also serves a page that is hidden between the request and its paint.
    const timer = setTimeout(run, hiddenMs);
    const handle = document.hidden ? 0 : requestAnimationFrame(run);
    return cancel;
  };
}

/** The same, but `leastMs` after the last one at the earliest: what changes all the time need not be laid out for each paint. */
export function spaced(schedule: Schedule, leastMs: number, now: () => number = () => performance.now()): Schedule {
  let last = Number.NEGATIVE_INFINITY;
  return (callback) => {
    let cancel = () => {};
    const onPaint = () => {
      if (now() - last < leastMs) {
        cancel = schedule(onPaint);
        return;
      }
      last = now();
      callback();
    };
    cancel = schedule(onPaint);
    return () => cancel();
  };
}

export interface Batch<Item> {
  add(item: Item): void;
  /** Hands out at once what waits. */
  flush(): void;
  /** Drops what waits. */
  cancel(): void;
}

/** Collects items and hands them out together, once per schedule. */
export function batched<Item>(schedule: Schedule, deliver: (items: Item[]) => void): Batch<Item> {
  let items: Item[] = [];
  let cancelScheduled: (() => void) | undefined;
  const flush = () => {
    cancelScheduled?.();
    cancelScheduled = undefined;
    if (items.length === 0) return;
    const due = items;
    items = [];
    deliver(due);
  };
  return {
    add(item) {
      items.push(item);
      cancelScheduled ??= schedule(flush);
    },
    flush,
    cancel() {
      items = [];
      cancelScheduled?.();
      cancelScheduled = undefined;
    },
  };
}
