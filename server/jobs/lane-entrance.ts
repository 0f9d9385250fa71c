import { setTimeout as delay } from 'node:timers/promises';
import type { JobRunner } from './job-queue.js';
import { RunPlaces } from './run-places.js';

/** Runs that are shorter on average are worth waiting for. */
const SHORT_MS = 20;
/** Milliseconds that a submission waits for a place at most, before it goes into the line. */
const PLACE_WAIT_MS = 100;
/** So often it waits again where no run takes long: then all wait for Redis, and in the line it would too. */
const PLACE_WAITS = 10;
/** Milliseconds that a line of short jobs is given to be gone, before the next submission tries to start at once. */
const LINE_WAIT_MS = 50;
/** How much one run counts in the average. */
const WEIGHT = 1 / 8;

/** What takes jobs from the line, and has to know how many places it has: one at least. */
interface Taker {
  concurrency: number;
}

/**
 * How jobs of one lane come to run in this process: started where they are submitted, which costs little, or taken from the line, where they wait for any
 * process. Both share the places. Where jobs are short, a submission rather waits a moment for a place than goes into the line.
 */
export class LaneEntrance {
  private readonly places: RunPlaces;
  private startedHere = 0;
  /** When each run began, the oldest first. */
  private readonly runs = new Set<{ readonly startedAt: number }>();
  private meanRunMs = 0;
  /** Submissions that are on their way into the line: no later one may overtake them. */
  private liningUp = 0;
  /** Until then there is a line, as far as is known. */
  private lineUntil = 0;

  /** Places that are left to jobs from the line: their taker always takes one. */
  private readonly left: number;

  constructor(
    private readonly concurrency: number,
    private readonly taker: Taker,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.places = new RunPlaces(concurrency);
    this.left = Math.min(1, concurrency - 1);
  }

  /** A place for a job that is being submitted; undefined: it has to go into the line. */
  async placeToStart(): Promise<Place | undefined> {
    if (!(await this.isFree())) return undefined;
    // Others may have gone into the line while this one waited.
    if (this.liningUp > 0) {
      this.places.giveBack();
      return undefined;
    }
    this.countStarted(1);
    return new Place(() => {
      this.countStarted(-1);
      this.places.giveBack();
    });
  }

  /** Jobs wait in the line: the next submission gives them time, or goes there too. */
  sawLine(): void {
    this.lineUntil = this.clock() + LINE_WAIT_MS;
  }

  /** The same runner, which tells how long its runs take. */
  timed(run: JobRunner): JobRunner {
    return async (attempt, control) => {
      const begun = { startedAt: this.clock() };
      this.runs.add(begun);
      try {
        return await run(attempt, control);
      } finally {
        this.runs.delete(begun);
        this.meanRunMs += (this.clock() - begun.startedAt - this.meanRunMs) * WEIGHT;
      }
    };
  }

  /** Puts a job in line. */
  async lineUp<Value>(work: () => Promise<Value>): Promise<Value> {
    this.liningUp++;
    this.sawLine();
    try {
      return await work();
    } finally {
      this.liningUp--;
    }
  }

  /** Runs a job from the line in a place. False: there was none within that time, and nothing was run. */
  async run(work: () => Promise<void>, withinMs: number): Promise<boolean> {
    if (!(await this.places.take(withinMs))) return false;
    try {
      await work();
      return true;
    } finally {
      this.places.giveBack();
    }
  }

  /** Takes a place, and waits for one, and for the line to be gone, where that is worth it. */
  private async isFree(): Promise<boolean> {
    if (this.meanRunMs > SHORT_MS) return this.lineUntil <= this.clock() && this.places.tryTake(this.left);
    const lineMs = this.lineUntil - this.clock();
    if (lineMs > 0) await delay(lineMs);
    for (let waits = 0; waits < PLACE_WAITS; waits++) {
      if (await this.places.take(PLACE_WAIT_MS, this.left)) return true;
      if (this.hasLongRun()) break;
    }
    this.meanRunMs = Math.max(this.meanRunMs, PLACE_WAIT_MS);
    return false;
  }

  private hasLongRun(): boolean {
    const [oldest] = this.runs;
    return oldest !== undefined && this.clock() - oldest.startedAt > SHORT_MS;
  }

  private countStarted(by: 1 | -1): void {
    this.startedHere += by;
    this.taker.concurrency = Math.max(1, this.concurrency - this.startedHere);
  }
}

/** A place that a submission has; given back once. */
export class Place {
  private isTaken = true;

  constructor(private readonly onGivenBack: () => void) {}

  giveBack(): void {
    if (!this.isTaken) return;
    this.isTaken = false;
    this.onGivenBack();
  }
}
