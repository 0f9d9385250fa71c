import type { ParsedRoom } from '../../shared/rooms.js';
import type { LogLine } from '../../shared/schemas.js';

/** Takes the samples of one room for as long as one call of its owner lasts. */
export interface SampleIntake {
  /** False: the room has as many series as it may, and this is another. */
  add(series: string, value: number, t: number): boolean;
}

/** Where samples go on from whatever brought them in. */
export interface SampleSink {
  /** @throws HubError `busy` when the room's samples are not getting into its log */
  intake(room: ParsedRoom): SampleIntake;
}

/** Where log lines go on from whatever brought them in. */
export interface LineSink {
  /**
   * Resolves when all of the lines are in the room's log; they stay in order, also over calls.
   * @throws HubError `busy` at once when too much waits, `unavailable` when the store stayed away
   */
  add(room: ParsedRoom, lines: readonly LogLine[]): Promise<void>;
}
