/** What the hub's own handlers give, as far as the pages show it. */
export type JobOutcome =
  | {
      readonly kind: 'search';
      readonly hits: readonly SearchHit[];
      readonly scanned: number;
      readonly total: number;
      readonly more: boolean;
    }
  | { readonly kind: 'export'; readonly file: string; readonly bytes: number; readonly messages: number }
  | {
      readonly kind: 'rollup';
      readonly from: number;
      readonly to: number;
      readonly stepMs: number;
      readonly series: readonly RollupSeries[];
    }
  | {
      readonly kind: 'thumbnail';
      readonly file: string;
      readonly bytes: number;
      readonly width: number;
      readonly height: number;
      readonly source: { readonly width: number; readonly height: number };
    }
  | { readonly kind: 'primes'; readonly primes: number }
  /** Somebody else's handler. */
  | { readonly kind: 'other'; readonly json: string };

export interface SearchHit {
  readonly position: string;
  readonly time: number;
  readonly from: { readonly id: string; readonly name: string };
  readonly text: string;
}

/** The columns of a roll-up, in the order of its table. */
export const SUMMARY = ['count', 'min', 'mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const;
export type Summary = Readonly<Record<(typeof SUMMARY)[number], number>>;

export interface RollupSeries extends Summary {
  readonly series: string;
  /** By time; `t` is a step's beginning in milliseconds since 1970. */
  readonly steps: readonly (Summary & { readonly t: number })[];
}

type Fields = Record<string, unknown>;

/** Tells a result by its handler's name and shape; what does not have the shape is shown as JSON. */
export function outcomeOf(name: string, result: unknown): JobOutcome {
  const fields: Fields = typeof result === 'object' && result !== null ? { ...result } : {};
  const known = OUTCOMES[name]?.(fields);
  return known ?? { kind: 'other', json: JSON.stringify(result, null, 2) ?? '' };
}

const OUTCOMES: Readonly<Record<string, (fields: Fields) => JobOutcome | undefined>> = {
  search: ({ hits, scanned, total, more }) =>
    isListOf<SearchHit>(hits, isHit) && isNumber(scanned) && isNumber(total)
      ? { kind: 'search', hits, scanned, total, more: more === true }
      : undefined,
  export: ({ file, bytes, messages }) =>
    typeof file === 'string' && isNumber(bytes) && isNumber(messages) ? { kind: 'export', file, bytes, messages } : undefined,
  rollup: ({ from, to, stepMs, series }) =>
    isNumber(from) && isNumber(to) && isNumber(stepMs) && isListOf<RollupSeries>(series, isRollupSeries)
      ? { kind: 'rollup', from, to, stepMs, series }
      : undefined,
  thumbnail: ({ file, bytes, width, height, source }) =>
    typeof file === 'string' && isNumber(bytes) && isSize({ width, height }) && isSize(source)
      ? { kind: 'thumbnail', file, bytes, ...({ width, height } as Size), source }
      : undefined,
  'prime-count': ({ primes }) => (isNumber(primes) ? { kind: 'primes', primes } : undefined),
};

type Size = { readonly width: number; readonly height: number };

function isSize(value: unknown): value is Size {
  const { width, height } = (value ?? {}) as Fields;
  return isNumber(width) && isNumber(height);
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

function isListOf<Item>(value: unknown, isItem: (item: Fields) => boolean): value is Item[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && isItem(item));
}

const isHit = ({ position, time, from, text }: Fields): boolean =>
  typeof position === 'string' && isNumber(time) && typeof text === 'string' && typeof (from as Fields | null)?.name === 'string';

const isSummary = (fields: Fields): boolean => SUMMARY.every((column) => isNumber(fields[column]));

const isRollupSeries = (fields: Fields): boolean =>
  typeof fields.series === 'string' && isSummary(fields) && isListOf(fields.steps, (step) => isNumber(step.t) && isSummary(step));
