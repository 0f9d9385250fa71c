export interface NumberSpec {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly about: string;
}

export const TEXTS = {
  faults: { takes: 'KIND,KIND', about: 'Only these faults. Default: all.' },
  json: { takes: 'FILE', about: 'Writes the whole result.' },
  logs: { takes: 'DIR', about: 'Writes what the processes printed.' },
  docs: { takes: 'DIR', about: 'Where --write finds reliability.md. Default: docs.' },
} as const;

/** @throws Error in one line */
export function numberFrom(flag: string, { default: usual, min, max }: NumberSpec, text: string | undefined): number {
  if (text === undefined) return usual;
  const value = text === '' ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) throw new Error(`--${flag} takes a number from ${min} to ${max}, not ${text}`);
  return value;
}
