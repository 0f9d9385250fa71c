import type { IngestCounts, IngestReport } from './ingest-report.js';
import type { LineFormat } from './line-formats.js';
import type { StreamLine } from './line-stream.js';

/** Batches that may be on their way into the room while the next is read: past it the sender waits. */
const IN_FLIGHT = 8;

export interface LineIntake<Parsed> {
  readonly lines: AsyncIterable<StreamLine[]>;
  readonly format: LineFormat<Parsed>;
  readonly now: () => number;
  readonly take: (parsed: Parsed[]) => IngestCounts | Promise<IngestCounts>;
  /** Ends the reading of the lines with an error. */
  readonly stop: (error: unknown) => void;
}

/**
 * Takes the lines of a body in as they come; lines that cannot be read are refused one by one and reported.
 * @throws what `take` throws, and ends the reading with it
 */
export async function ingestLinesOf<Parsed>({ lines, format, now, take, stop }: LineIntake<Parsed>, report: IngestReport): Promise<void> {
  const inFlight: Promise<void>[] = [];
  const start = async (parsed: Parsed[]) => report.add(await take(parsed));
  try {
    for await (const batch of lines) {
      const taken = start(parseAll(batch, format, now(), report));
      // Nobody may be waiting for it when it fails: the reading ends then, and with it this function.
      taken.catch(stop);
      inFlight.push(taken);
      if (inFlight.length >= IN_FLIGHT) await inFlight.shift();
    }
  } finally {
    // Also when the reading failed: the sender is told of what was on its way.
    await Promise.allSettled(inFlight);
  }
  await Promise.all(inFlight);
}

function parseAll<Parsed>(batch: readonly StreamLine[], format: LineFormat<Parsed>, now: number, report: IngestReport): Parsed[] {
  return batch.flatMap((line) => {
    try {
      return format(line, now);
    } catch (error) {
      report.refuse(line.number, error);
      return [];
    }
  });
}
