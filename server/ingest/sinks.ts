import type { ParsedRoom } from '../../shared/rooms.js';
import type { LogLine } from '../../shared/schemas.js';

/** Takes the samples of one room for as long as one call of its owner lasts. */
export interface SampleIntake {
  /** False: the sender has as many series in the room as it may, and this is another. */
  add(series: string, value: number, t: number): boolean;
  /** The sender says that a series has ended: another may take its place. */
  end(series: string): void;
}

/** Where samples go on from whatever brought them in. */
export interface SampleSink {
  /**
   * @param sender whose series are counted together; left out: the hub itself
   * @throws HubError `busy` when the room's samples are not getting into its log
   */
  intake(room: ParsedRoom, sender?: string): SampleIntake;
}

/** Where log lines go on from whatever brought them in. */
export interface LineSink {
  /**
   * Resolves when all of the lines are in the room's log; they stay in order, also over calls.
   * @param id of the one message that these lines are, stored once however often it comes; left out, they may share one with others
   * @throws HubError `busy` at once when too much waits, `unavailable` when the store stayed away
   */
  add(room: ParsedRoom, lines: readonly LogLine[], id?: string): Promise<void>;
}
