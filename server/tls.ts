import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';

/** The part of a pino logger that is used here. */
export interface TlsLog {
  info(message: string): void;
  warn(fields: object, message: string): void;
}

export interface HttpServerOptions {
  /** PEM files; without them the server speaks plain HTTP. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly log: TlsLog;
  /** Milliseconds between two looks at the files. Looking finds every way of replacing them, also a swapped link. */
  readonly lookMs?: number;
}

/**
 * The HTTP or HTTPS server of a hub, not yet listening. New certificates are taken as soon as both files fit together; while they do not, the
 * ones before stay in use.
 * @throws Error in one line when the first certificate or key cannot be used
 */
export function createHttpServer({ tlsCert, tlsKey, log, lookMs = 2_000 }: HttpServerOptions): Server | TlsServer {
  if (tlsCert === undefined || tlsKey === undefined) return createServer();
  const server = createTlsServer(readPair(tlsCert, tlsKey));
  const reload = (): void => {
    try {
      server.setSecureContext(readPair(tlsCert, tlsKey));
      log.info('took the new TLS certificate');
    } catch (error) {
      log.warn({ err: error }, 'the new TLS certificate cannot be used; the one before stays');
    }
  };
  const files = [tlsCert, tlsKey];
  for (const file of files) watchFile(file, { interval: lookMs, persistent: false }, reload);
  server.once('close', () => {
    for (const file of files) unwatchFile(file, reload);
  });
  return server;
}

/**
 * A certificate chain and its key, tried out.
 * @throws Error in one line: which file cannot be read, or that the two do not fit
 */
export function readPair(tlsCert: string, tlsKey: string): { cert: Buffer; key: Buffer } {
  const pair = { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new Error(`${tlsCert} and ${tlsKey} are no certificate and key that fit: ${(error as Error).message}`, { cause: error });
  }
  return pair;
}
