import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createHub } from '../../server/roomcast.js';
import { answerCalls } from '../process.js';
import type { HubCalls } from './calls.js';
import { CONTROL_CLIENT, controlPage } from './page-scripts.js';

/** A hub on a port of its own, because one on somebody's server has no pages, and beside it the control page. */
answerCalls<HubCalls>({
  async open({ dataDir }) {
    const control = createServer();
    await once(control.listen(0, '127.0.0.1'), 'listening');
    const controlUrl = `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
    const hub = await createHub({
      port: 0,
      dataDir,
      limits: false,
      logLevel: 'warn',
      logsWrite: 'anyone',
      metricsWrite: 'anyone',
      origins: [controlUrl],
    });
    const client = await readFile(createRequire(import.meta.url).resolve('socket.io-client/dist/socket.io.js'));
    control.on('request', (req, res) => {
      if (req.url === CONTROL_CLIENT) res.setHeader('Content-Type', 'text/javascript').end(client);
      else res.setHeader('Content-Type', 'text/html').end(controlPage(hub.url));
    });
    return { url: hub.url, controlUrl };
  },
});
