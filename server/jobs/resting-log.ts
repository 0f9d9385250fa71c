import type { LogSource } from './room-reader.js';

/** Milliseconds that a thread reads at most before it lets others have its core. */
const READING_MS = 0.5;
/** As short as can be: systems make some 60 µs of it. */
const REST_MS = 0.001;

export interface RestOptions {
  /** Milliseconds. */
  readonly now?: () => number;
  /** Blocks the thread for a moment. */
  readonly rest?: () => void;
}

/**
 * A log that answers without waiting for anything, as one on disk, read by a thread that rests now and then. One that never sleeps keeps its core until
 * the scheduler looks again, up to 4 ms on Linux however nice it is, while the event loop, and the disk's work for it, wait.
 */
export function restBetweenReads(log: LogSource, { now = () => performance.now(), rest = sleeper() }: RestOptions = {}): LogSource {
  let restedAt = now();
  return {
    async read(room, range) {
      if (now() - restedAt >= READING_MS) {
        rest();
        restedAt = now();
      }
      return log.read(room, range);
    },
    ends: (room) => log.ends(room),
  };
}

function sleeper(): () => void {
  const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return () => void Atomics.wait(never, 0, 0, REST_MS);
}
