import type { Message } from '../../shared/protocol.js';

/** What a viewer's connection has carried until now. */
export interface Traffic {
  /** Both directions. */
  readonly bytes: number;
  /** Of HTTP. */
  readonly requests: number;
}

/** Somebody who follows a room, and what that takes on the wire. */
export interface Viewer {
  readonly traffic: Traffic;
  /** Resolves when it hears whatever is published from now on. */
  open(): Promise<void>;
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
