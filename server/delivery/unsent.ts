import type { Socket } from 'socket.io';
import type { TurnSender } from './turn-sender.js';
import { senderOf } from './turn-socket.js';

interface EngineTransport {
  readonly name: string;
  /** The `ws` socket of a WebSocket transport. */
  readonly socket?: { readonly bufferedAmount: number };
}
/** engine.io's queue of a connection. What it hands on leaves with the whole array: an array only grows. */
type Queue = readonly { readonly data?: unknown }[];
interface EngineConnection {
  readonly transport: EngineTransport;
  readonly writeBuffer: Queue;
}

/** What engine.io keeps of each packet beside its text, 130 to 500 bytes: with small ones that is most of what a queue takes. */
const PACKET_BYTES = 200;

/** Bytes of the entries of a queue that were counted before, so that a full one is not walked through at each look. */
const countedOf = new WeakMap<Queue, { entries: number; bytes: number }>();

/**
 * Bytes that wait for a client: what this turn still has to write, what the kernel has refused, and engine.io's queue, which is counted no
 * further than `enough`. What is compressed is counted before it is.
 */
export function unsentBytes(socket: Pick<Socket, 'conn'>, enough: number): number {
  const { transport, writeBuffer } = socket.conn as unknown as EngineConnection;
  const written = (transport.socket?.bufferedAmount ?? 0) + turnBytes(senderOf(transport.socket));
  return writeBuffer.length === 0 ? written : written + queuedBytes(writeBuffer, enough - written);
}

/** What is for this connection alone; the frames of a room are kept once for all in it until they are written. */
function turnBytes(sender: TurnSender | undefined): number {
  return sender?.own.frames.reduce((sum, frame) => sum + frame.size(false), 0) ?? 0;
}

function queuedBytes(queue: Queue, enough: number): number {
  const counted = countedOf.get(queue) ?? { entries: 0, bytes: 0 };
  countedOf.set(queue, counted);
  while (counted.entries < queue.length && counted.bytes <= enough) counted.bytes += PACKET_BYTES + bytesOf(queue[counted.entries++]!.data);
  return counted.bytes;
}

function bytesOf(data: unknown): number {
  if (typeof data === 'string') return data.length;
  return data instanceof Uint8Array ? data.byteLength : 0;
}
