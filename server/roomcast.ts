import type { Server as HttpServer } from 'node:http';
import type { ServerOptions } from 'socket.io';
import { configFrom, type Options } from './config.js';
import { type StartedHub, startHub } from './start-hub.js';

export { HubError } from '../shared/errors.js';
export type { Message, User } from '../shared/protocol.js';
export type { Principal } from './auth/principal.js';
export { ConfigError } from './config.js';
export { defineJob, type JobContext } from './jobs/handler.js';
export type { StartedHub as Hub } from './start-hub.js';

export interface CreateHubOptions extends Partial<Options> {
  /** Your HTTP server; the hub adds its paths and Socket.IO to it. Left out: the hub listens by itself, on `host` and `port`. */
  server?: HttpServer;
  /** Socket.IO's own server options. */
  io?: Partial<ServerOptions>;
}

/**
 * A hub in your program. Options are those of `roomcast --help`, in camel case; the environment is not read.
 * @throws ConfigError that names the option and what it accepts; Error when the data directory or the port is in use
 */
export async function createHub({ server, io, ...options }: CreateHubOptions = {}): Promise<StartedHub> {
  return startHub(configFrom(options), { ...(server && { server }), ...(io && { io }) });
}
