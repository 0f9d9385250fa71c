import { randomBytes } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Registry } from 'prom-client';
import type { ServerOptions } from 'socket.io';
import type { Config } from './config.js';
import { openEngines } from './engines.js';
import { ratesOf } from './hub/entrance.js';
import { closeServer, listen, urlOf } from './hub/listen.js';
import { THREAD_FILE } from './hub/thread-file.js';
import { createHub, type Hub } from './hub.js';
import { systemClock } from './observe/clock.js';
import { LogTap } from './observe/log-tap.js';
import { createLogger } from './observe/logger.js';
import { createHubMetrics } from './observe/metrics.js';
import { once } from './once.js';
import { createHttpServer } from './tls.js';

export interface StartOptions {
  /** Socket.IO's own server options. */
  readonly io?: Partial<ServerOptions>;
  /** Somebody's server, which somebody opens and closes; left out: one of the hub's own, listening where the configuration says. */
  readonly server?: HttpServer;
  /** The port is shared with other processes. */
  readonly shared?: SharedPort;
}

/** What one of several processes behind one port does otherwise. */
export interface SharedPort {
  /** Stands in each log line. */
  readonly number: number;
  /** Gives the finished server its connections; it does not listen itself. */
  serve(server: HttpServer, registry: Registry): Promise<void>;
  /** The metrics of all the processes. */
  metricsText(): Promise<string>;
}

/** A hub that listens. */
export interface StartedHub extends Hub {
  /** `http://127.0.0.1:3000`; of somebody's server, once it listens. */
  readonly url: string;
}

const LOG_ROOM = 'logs:hub';
const WEB_DIR = new URL('../client/web', import.meta.url);

/**
 * Opens the engines and a hub on them.
 * @throws Error with one line: the data directory is in use, a certificate cannot be read, the port is taken
 */
export async function startHub(config: Config, { io, server: theirs, shared }: StartOptions = {}): Promise<StartedHub> {
  const nodeId = randomBytes(4).toString('hex');
  const metrics = createHubMetrics();
  const tap = new LogTap({ clock: systemClock, onDropped: (lines) => metrics.logLinesDropped.inc(lines) });
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat,
    node: nodeId,
    tap,
    tapRoom: LOG_ROOM,
    ...(shared && { instance: shared.number }),
  });
  const engines = await openEngines({ config, nodeId, rates: ratesOf(config), logger });
  try {
    const server = theirs ?? createHttpServer({ ...config, log: logger });
    // A body that stays open is a stream of lines; slow headers and idle connections still end.
    if (!theirs) server.requestTimeout = 0;
    const hub = await createHub({
      server,
      config,
      engines,
      logger,
      metrics,
      tap,
      embedded: theirs !== undefined,
      webDir: fileURLToPath(WEB_DIR),
      threadFile: THREAD_FILE,
      ...(io && { io }),
      ...(shared && { metricsText: () => shared.metricsText() }),
    });
    const close = async () => {
      await hub.close();
      if (!theirs) await closeServer(server);
      await engines.close();
    };
    if (shared) await shared.serve(server, metrics.registry);
    else if (!theirs) await listen(server, config);
    return {
      ...hub,
      get url() {
        return urlOf(server, config);
      },
      close: once(close),
    };
  } catch (error) {
    await engines.close();
    throw error;
  }
}
