import type { ParsedRoom } from '../../shared/rooms.js';
import type { SampleSink } from '../ingest/sinks.js';
import type { Clock } from '../observe/clock.js';

export interface SamplerOptions {
  readonly sink: SampleSink;
  readonly clock: Clock;
  readonly room: ParsedRoom;
  /** Time between two samples. Default 1,000. */
  readonly intervalMs?: number;
  /** The first failure of several in a row. */
  readonly onFault: (error: unknown) => void;
}

/** One look: values by series, none the first time for what needs two. */
export type Look = (now: number) => Promise<Iterable<readonly [string, number]>>;

/** Decimals that a value keeps: more would cost bytes and tell nobody anything. */
const DECIMALS = 1_000;

/** Looks once per interval and gives what it sees to a room; gives the function that ends it. A look that fails is skipped. */
export function startSampler({ sink, clock, room, intervalMs = 1_000, onFault }: SamplerOptions, look: Look): () => void {
  let ended = false;
  let failing = false;
  let disarm = () => {};
  const sample = async () => {
    const begunAt = clock.now();
    try {
      const values = await look(begunAt);
      const intake = sink.intake(room);
      for (const [series, value] of values) {
        if (!ended && Number.isFinite(value)) intake.add(series, Math.round(value * DECIMALS) / DECIMALS, begunAt);
      }
      failing = false;
    } catch (error) {
      if (!failing) onFault(error);
      failing = true;
    }
    if (!ended) disarm = clock.after(Math.max(0, begunAt + intervalMs - clock.now()), sample);
  };
  void sample();
  return () => {
    ended = true;
    disarm();
  };
}
