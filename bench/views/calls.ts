export interface LogsRequest {
  readonly port: number;
  readonly linesPerSecond: number;
  /** Of a line's text. */
  readonly bytes: number;
  /** Those who see everything and read it, those with a filter, and those who read now and then. */
  readonly viewers: number;
  readonly filtered: number;
  readonly slow: number;
}

export interface LogsFigures {
  /** Of the whole load. */
  readonly lines: number;
  /** Lines that were taken and are not in the log. */
  readonly missingFromLog: number;
  /** Lines, of all viewers, that a viewer should have seen, was not given, and was not told of. */
  readonly untold: number;
  /** Lines that slow viewers were told they had not seen. */
  readonly told: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly clientBusyPercent: number;
}

export interface FramesRequest {
  readonly port: number;
  readonly samplesPerSecond: number;
  readonly series: number;
  readonly viewers: number;
  readonly maxHz: number;
  readonly binary: boolean;
  /** Of the room's. */
  readonly chosenSeries: number;
}

export interface FramesFigures {
  readonly frames: number;
  /** From when a value was sent until the frame that has it is there. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  /** On the wire, and as a list of objects with name, labels, value and time. */
  readonly bytesPerFrame: number;
  readonly bytesAsObjects: number;
  readonly clientBusyPercent: number;
}

/** A load that runs from `begin` to `end`, with a window in it. */
export interface ViewCalls<Request, Figures> {
  /** Resolves when all viewers are there and the load runs. */
  begin(request: Request): Promise<void>;
  watch(input: { seconds: number }): Promise<void>;
  end(input: Record<never, never>): Promise<Figures>;
}
