import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { answerCalls, onConnection } from '../process.js';
import type { ServerCalls, ServerPlace } from './calls.js';

/** Makes this process a server under load: `mount` puts onto the HTTP server what is measured. */
export function serve<Options>(mount: (server: Server, options: Options, place: ServerPlace) => Promise<void>): void {
  const server = createServer();
  answerCalls<ServerCalls<Options>>({
    async open({ place, options, listens }) {
      await mount(server, options, place);
      if (!listens) return { port: 0 };
      await once(server.listen(0, '127.0.0.1'), 'listening');
      return { port: (server.address() as AddressInfo).port };
    },
    async collect() {
      collect();
    },
  });
  onConnection((connection) => {
    server.emit('connection', connection);
    connection.resume();
  });
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  // Twice: what the first finds finalised goes with the second.
  for (let time = 0; time < 2; time++) runInNewContext('gc')();
}
