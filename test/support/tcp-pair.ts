import { connect, createServer, type Socket } from 'node:net';
import type { Scope } from './scope.js';
import { waitFor } from './wait.js';

/** Both ends of a connection, the server's first. */
export async function openTcpPair(scope: Scope): Promise<[near: Socket, far: Socket]> {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(server, (open) => open.close());
  const far = scope.defer(connect((server.address() as { port: number }).port, '127.0.0.1'), (socket) => socket.destroy());
  await waitFor(() => accepted.length === 1);
  return [scope.defer(accepted[0]!, (socket) => socket.destroy()), far];
}
