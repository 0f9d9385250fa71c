import type { Socket } from 'socket.io';

interface EngineTransport {
  readonly name: string;
  /** The `ws` socket of a WebSocket transport. */
  readonly socket?: { readonly bufferedAmount: number };
}
interface EngineConnection {
  readonly transport: EngineTransport;
  readonly writeBuffer: readonly { readonly data?: unknown }[];
}

/** Bytes that wait for a client: in ws and the kernel's refusal of more, and in engine.io's queue. Counts the queue no further than `enough`. */
export function unsentBytes(socket: Pick<Socket, 'conn'>, enough: number): number {
  const connection = socket.conn as unknown as EngineConnection;
  let bytes = connection.transport.socket?.bufferedAmount ?? 0;
  for (const { data } of connection.writeBuffer) {
    if (bytes > enough) break;
    bytes += typeof data === 'string' ? data.length : data instanceof Uint8Array ? data.byteLength : 0;
  }
  return bytes;
}
