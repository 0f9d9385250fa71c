import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Scope } from './scope.js';

/**
 * A man in the middle of WebSocket connections: passes everything on, and gives each text frame of the server's to `meddle`, which says what
 * goes to the client in its place.
 */
export async function startMeddler(scope: Scope, target: { url: string }, meddle: (frame: string) => string[]): Promise<{ url: string }> {
  const http = createServer();
  const front = new WebSocketServer({ server: http });
  front.on('connection', (client, request) => {
    const server = new WebSocket(new URL(request.url ?? '/', target.url.replace('http', 'ws')));
    const early: string[] = [];
    client.on('message', (data) => (server.readyState === WebSocket.OPEN ? server.send(String(data)) : early.push(String(data))));
    server.on('open', () => {
      for (const frame of early) server.send(frame);
    });
    server.on('message', (data, isBinary) => {
      if (isBinary) client.send(data);
      else for (const frame of meddle(String(data))) client.send(frame);
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.close());
    }
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  scope.defer(http, () => {
    for (const client of front.clients) client.terminate();
    return new Promise((resolve) => http.close(resolve));
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}
