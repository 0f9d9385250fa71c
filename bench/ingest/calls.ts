/** What is parsed, by whom. */
export const MODES = [
  'influx',
  'influx-npm',
  'remote-write',
  'remote-write-npm',
  'otlp',
  'otlp-npm',
  'otlp-json',
  'otlp-json-plain',
] as const;
export type Mode = (typeof MODES)[number];

export interface ParseRequest {
  readonly mode: Mode;
  /** Distinct series. */
  readonly series: number;
  /** Fields of one Influx line. */
  readonly fields: number;
}

export interface ParseFigures {
  readonly samples: number;
  readonly cpuSeconds: number;
  /** Of the JavaScript heap and outside of it, that stays for each series. */
  readonly bytesPerSeries: number;
}

export interface ParseCalls {
  /** Makes the bodies, and takes them all in once. */
  prepare(request: ParseRequest): Promise<void>;
  /** Takes the bodies in again and again for so many seconds. */
  parse(input: { seconds: number }): Promise<ParseFigures>;
}
