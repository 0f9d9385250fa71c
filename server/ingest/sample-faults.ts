import type { ErrorCode } from '../../shared/errors.js';
import { SERIES_CHARS, type SeriesPoint } from '../../shared/series-name.js';

/** Why a sample is not taken. */
export interface SampleFault {
  readonly code: ErrorCode;
  why(sample: SeriesPoint): string;
}

const NOT_FINITE: SampleFault = { code: 'invalid', why: () => 'the value is no finite number' };
const FAR_TIME: SampleFault = { code: 'invalid', why: ({ t }) => `the time ${t} is too far from now (milliseconds since 1970)` };
const LONG_SERIES: SampleFault = {
  code: 'too_large',
  why: () => `name and labels of a series have at most ${SERIES_CHARS} characters`,
};
export const TOO_MANY_SERIES: SampleFault = {
  code: 'too_large',
  why: () => 'the sender has as many series in the room as it may; the value of another one was left out',
};

/** Times in milliseconds since 1970 between which samples are taken. */
export interface SampleTimes {
  readonly from: number;
  readonly to: number;
}

export function faultOf({ series, value, t }: SeriesPoint, { from, to }: SampleTimes): SampleFault | undefined {
  if (!Number.isFinite(value)) return NOT_FINITE;
  if (!(t >= from && t <= to)) return FAR_TIME;
  return series.length > SERIES_CHARS ? LONG_SERIES : undefined;
}
