import { CronExpressionParser } from 'cron-parser';

/** When a job is run by itself: each time that `everyMs` is a divisor of the time since 1970, or by a cron pattern of five or six fields. */
export type Schedule = { readonly everyMs: number; readonly cron?: never } | CronSchedule;

interface CronSchedule {
  /** `minute hour day month weekday`, with a field for seconds in front where there are six; `@hourly` and the like. */
  readonly cron: string;
  /** IANA name, such as `Europe/Berlin`. Default: UTC, which is the same on every instance. */
  readonly timeZone?: string;
  readonly everyMs?: never;
}

const SHORTEST_MS = 1_000;

/** The first tick after a time, both in milliseconds since 1970: the same wherever it is asked. @throws RangeError for a schedule that is none */
export function nextTick(schedule: Schedule, after: number): number {
  if (schedule.everyMs === undefined) return nextByCron(schedule, after);
  const { everyMs } = schedule;
  if (!Number.isInteger(everyMs) || everyMs < SHORTEST_MS) throw new RangeError(`everyMs is a whole number from ${SHORTEST_MS}`);
  return (Math.floor(after / everyMs) + 1) * everyMs;
}

function nextByCron({ cron, timeZone = 'UTC' }: CronSchedule, after: number): number {
  // `H` is a number that each process would choose for itself.
  if (/(^|\s)H/.test(cron)) throw new RangeError(`${cron}: a field H is another one on each instance`);
  try {
    return CronExpressionParser.parse(cron, { currentDate: after, tz: timeZone }).next().getTime();
  } catch (error) {
    throw new RangeError(`${cron} in ${timeZone}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
