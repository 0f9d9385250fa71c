import type { Message } from '../../shared/protocol.js';

/** Somebody who follows a room, and what that takes on the wire. */
export interface Viewer {
  /** Resolves when it hears whatever is published from now on. */
  open(): Promise<void>;
  /** Both directions, until now, of the transport's connection. */
  readonly bytes: number;
  /** HTTP requests until now. */
  readonly requests: number;
}

export interface ViewerOptions {
  readonly port: number;
  readonly room: string;
  /** How far on its way round, 0 to 1, a viewer that asks at intervals begins, so that not all ask at once. */
  readonly phase: number;
  readonly hear: (messages: readonly Message[]) => void;
  /** What goes wrong once it is open. */
  readonly fail: (error: Error) => void;
}
