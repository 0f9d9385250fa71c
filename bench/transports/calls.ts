import type { PacedFigures } from '../load/paced-publisher.js';

export const TRANSPORTS = ['websocket', 'sse', 'http-streaming', 'long-poll', 'polling'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface ViewersRequest {
  readonly port: number;
  readonly transport: Transport;
  readonly viewers: number;
  /** Lines published into the log room, each a message. */
  readonly linesPerSecond: number;
  /** Of a line's text. */
  readonly bytes: number;
}

export interface ViewersFigures extends PacedFigures {
  /** In the window, of all viewers, both directions: what the sockets carried. */
  readonly bytes: number;
  readonly requests: number;
}

export interface ViewersCalls {
  /** Resolves when all viewers are there and lines flow. */
  begin(request: ViewersRequest): Promise<void>;
  /** Opens the measured window for so many seconds; the load goes on behind it. */
  watch(input: { seconds: number }): Promise<void>;
  /** Ends the load. @throws Error when a line was refused, lost, repeated or out of order */
  end(input: Record<never, never>): Promise<ViewersFigures>;
}
