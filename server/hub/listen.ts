import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Config } from '../config.js';

/** @throws Error in one line that names the address */
export async function listen(server: NetServer, { host, port }: Pick<Config, 'host' | 'port'>, setting = 'PORT'): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(
      code === 'EADDRINUSE' ? `port ${port} on ${host} is in use: set ${setting} to another one` : `cannot listen on ${host}: ${message}`,
    );
  }
}

export async function closeServer(server: HttpServer): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Where a server that listens is found, in the words of a browser. */
export function urlOf(server: NetServer, { tlsCert }: Pick<Config, 'tlsCert'>): string {
  const address = server.address() as AddressInfo | null;
  if (!address) throw new Error('the server does not listen');
  const anywhere = address.address === '::' || address.address === '0.0.0.0';
  const name = anywhere ? 'localhost' : address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${tlsCert === undefined ? 'http' : 'https'}://${name}:${address.port}`;
}
