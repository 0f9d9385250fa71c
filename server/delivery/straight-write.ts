import { writeSync } from 'node:fs';
import type { Socket as TcpSocket } from 'node:net';

/** The system's end of a connection, as far as it is used here. To ask for its descriptor costs a call into Node each time. */
export interface SystemHandle {
  readonly fd: number;
}
interface WithHandle {
  readonly _handle?: SystemHandle | null;
  readonly encrypted?: boolean;
}

/** What bytes can be written to without the stream; undefined where they cannot: with TLS, and where a connection has no descriptor. */
export function handleOf(socket: TcpSocket): SystemHandle | undefined {
  const { _handle: handle, encrypted } = socket as WithHandle;
  return !encrypted && handle && handle.fd >= 0 ? handle : undefined;
}

/**
 * Whether a connection's handle is open still. Once it is not, its descriptor may be another file's: Node closes that at once, and lets the
 * stream go of the handle in the same step.
 */
export function hasStill(socket: TcpSocket, handle: SystemHandle): boolean {
  return (socket as WithHandle)._handle === handle;
}

/**
 * Writes what the system takes at once, and gives the number of those bytes. With any error, a full buffer or a connection that has gone,
 * it gives 0: the stream meets the same again, and knows what to do.
 */
export function writeStraight(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes);
  } catch {
    return 0;
  }
}
