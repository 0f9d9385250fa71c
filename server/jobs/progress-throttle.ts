export interface Throttle<Value> {
  push(value: Value): void;
  /** Drops what waits; nothing is passed on any more. */
  stop(): void;
}

/** Passes on the first value at once and then the latest one each `intervalMs`: what came between is replaced, not queued. */
export function throttleLatest<Value>(
  intervalMs: number,
  pass: (value: Value) => void,
  now: () => number = () => performance.now(),
): Throttle<Value> {
  let lastPass = Number.NEGATIVE_INFINITY;
  let waiting: { value: Value } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (!waiting || stopped) return;
    const { value } = waiting;
    waiting = undefined;
    lastPass = now();
    pass(value);
  }

  return {
    push(value) {
      if (stopped) return;
      waiting = { value };
      // The clock decides, not only the timer: in a thread that computes without a pause no timer fires.
      const leftMs = lastPass + intervalMs - now();
      if (leftMs <= 0) flush();
      else timer ??= setTimeout(flush, leftMs).unref();
    },
    stop() {
      stopped = true;
      waiting = undefined;
      clearTimeout(timer);
    },
  };
}
