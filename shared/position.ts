import { HubError } from './errors.js';

/** `epoch:seq` as it stands on the wire. */
export type Position = `${string}:${number}`;

export interface PositionParts {
  readonly epoch: string;
  readonly seq: number;
}

const POSITION = /^([a-z0-9]{1,32}):(0|[1-9][0-9]{0,15})$/;

export function formatPosition(epoch: string, seq: number): Position {
  return `${epoch}:${seq}`;
}

/** @throws HubError `invalid` when the text is no position */
export function parsePosition(text: string): PositionParts {
  const match = POSITION.exec(text);
  const seq = Number(match?.[2]);
  if (!match?.[1] || !Number.isSafeInteger(seq)) throw new HubError('invalid', 'a position is epoch:seq, as a message carries it');
  return { epoch: match[1], seq };
}
