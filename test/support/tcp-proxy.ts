import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scope } from './scope.js';

/** A TCP proxy that a test makes faulty. */
export interface TcpProxy {
  readonly port: number;
  /** Cuts every connection (RST) and takes no new one until `heal`. */
  cut(): void;
  /** Keeps connections, takes new ones, and passes no byte until `heal`: what a lost route looks like. */
  blackHole(): void;
  /** Holds each chunk for so many milliseconds, both ways. */
  delay(ms: number): void;
  /** Passes at most so many bytes per second of each connection, each way; what comes faster waits at its sender. */
  throttle(bytesPerSecond: number): void;
  heal(): void;
  /** Connections open right now. */
  connections(): number;
}

type Mode = { state: 'open'; delayMs: number; bytesPerSecond: number } | { state: 'cut' } | { state: 'black-hole' };
const UNHINDERED = { state: 'open', delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY } as const;

export async function startTcpProxy(scope: Scope, target: { port: number; host?: string }): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let mode: Mode = UNHINDERED;
  const server = createServer((client) => {
    if (mode.state === 'cut') return client.resetAndDestroy();
    const pair = new Pair(client, connect({ host: target.host ?? '127.0.0.1', port: target.port }), () => mode);
    pairs.add(pair);
    pair.ended(() => pairs.delete(pair));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  scope.defer(server, () => {
    for (const pair of pairs) pair.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const enter = (next: Mode) => {
    mode = next;
    for (const pair of pairs) pair.apply();
  };
  return {
    port: (server.address() as { port: number }).port,
    cut: () => enter({ state: 'cut' }),
    blackHole: () => enter({ state: 'black-hole' }),
    delay: (delayMs) => enter({ ...UNHINDERED, delayMs }),
    throttle: (bytesPerSecond) => enter({ ...UNHINDERED, bytesPerSecond }),
    heal: () => enter(UNHINDERED),
    connections: () => pairs.size,
  };
}

/** One connection through the proxy. */
class Pair {
  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly mode: () => Mode,
  ) {
    this.pass(client, server);
    this.pass(server, client);
    this.apply();
  }

  apply(): void {
    const { state } = this.mode();
    if (state === 'cut') {
      this.client.resetAndDestroy();
      this.server.resetAndDestroy();
    }
    for (const side of [this.client, this.server]) state === 'black-hole' ? side.pause() : side.resume();
  }

  ended(then: () => void): void {
    this.client.once('close', then);
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }

  private pass(from: Socket, to: Socket): void {
    from.setNoDelay(true);
    from.on('error', () => undefined);
    from.on('close', () => to.destroy());
    let held = Promise.resolve();
    from.on('data', (chunk) => {
      const mode = this.mode();
      if (mode.state !== 'open') return;
      const throttled = mode.bytesPerSecond < Number.POSITIVE_INFINITY;
      if (throttled) from.pause();
      const due = performance.now() + mode.delayMs + (chunk.length / mode.bytesPerSecond) * 1_000;
      held = held.then(async () => {
        const waitMs = due - performance.now();
        if (waitMs > 0) await delay(waitMs);
        to.write(chunk);
        if (throttled && this.mode().state === 'open') from.resume();
      });
    });
  }
}
