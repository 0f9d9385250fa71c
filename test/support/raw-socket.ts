import { WebSocket } from 'ws';
import type { Scope } from './scope.js';
import { waitFor } from './wait.js';

/** A WebSocket that speaks Engine.IO by hand: what it sends is what the test says, it answers no ping. */
export interface RawSocket {
  /** Every packet heard, as text. */
  readonly heard: string[];
  send(packet: string): void;
  /** Resolves when the server, or anyone, has closed it. */
  readonly closed: Promise<void>;
}

/** `connect`: enter the main namespace and wait for its answer. */
export async function openRawSocket(scope: Scope, url: string, { connect }: { connect: boolean }): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`);
  scope.defer(socket, (open) => open.terminate());
  const heard: string[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('message', (data) => heard.push(String(data)));
  socket.on('error', () => undefined);
  await waitFor(() => heard.some((packet) => packet.startsWith('0')), { what: 'the Engine.IO handshake' });
  if (connect) {
    socket.send('40{}');
    await waitFor(() => heard.some((packet) => packet.startsWith('40')), { what: 'the Socket.IO handshake' });
  }
  return { heard, closed, send: (packet) => socket.send(packet) };
}
