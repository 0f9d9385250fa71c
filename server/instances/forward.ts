import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CLIENT_ADDRESS } from './meeting-point.js';
import { requestHead } from './request-head.js';

/** Headers that are about one connection, not about the request or the answer. */
const OF_CONNECTION = ['connection', 'keep-alive'];
const nothing = () => {};

/** Asks another instance in the client's name. `absent` is called instead when nobody is there. */
export function forwardRequest(path: string, req: IncomingMessage, res: ServerResponse, absent: () => void): void {
  const link = connect(path);
  link.once('error', absent);
  link.once('connect', () => {
    link.off('error', absent);
    const headers = { ...req.headers, [CLIENT_ADDRESS]: addressOf(req), connection: 'close' };
    const asked = request({ createConnection: () => link, method: req.method, path: req.url, headers, setHost: false });
    asked.on('response', (answer) => {
      res.writeHead(answer.statusCode!, answer.statusMessage, withoutConnection(answer.rawHeaders));
      pipeline(answer, res, nothing);
    });
    // The client sees a connection that broke, as it would have without anybody between.
    asked.on('error', () => res.destroy());
    res.once('close', () => asked.destroy());
    pipeline(req, asked, nothing);
  });
}

/** Joins the client's connection with one to another instance, for as long as both last. */
export function forwardUpgrade(path: string, req: IncomingMessage, socket: Duplex, head: Buffer, absent: () => void): void {
  const link = connect(path);
  link.once('error', absent);
  socket.on('error', nothing);
  link.once('connect', () => {
    link.off('error', absent);
    link.write(requestHead(req, head, { [CLIENT_ADDRESS]: addressOf(req) }));
    pipeline(socket, link, nothing);
    pipeline(link, socket, nothing);
  });
}

/** A connection whose bytes another process can read: not one of TLS, whose keys are here. */
export function isPlain(socket: Duplex): socket is Socket {
  return socket instanceof Socket && !(socket instanceof TLSSocket);
}

/** Leaves what comes on a plain connection to the process that gets it next. */
export function stopReading(socket: Socket): void {
  // No public call does this: pause() goes on reading until a buffer is full. Node's own `pauseOnConnect` is this call.
  (socket as unknown as { _handle?: { readStop(): void } })._handle?.readStop();
}

const addressOf = ({ socket }: IncomingMessage) => socket.remoteAddress ?? '';

function withoutConnection(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, at) => !OF_CONNECTION.includes(rawHeaders[at - (at % 2)]!.toLowerCase()));
}
