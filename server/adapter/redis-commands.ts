import { HubError } from '../../shared/errors.js';
import { outcomeUnknown, replyCode } from './command-errors.js';
import { SLICES } from './patience.js';
import type { RedisClient } from './redis-client.js';

interface CommandsOptions {
  /** Milliseconds without any answer after which a command is refused. */
  readonly commandTimeoutMs: number;
  /** The connection has to be made anew. */
  onFault(client: RedisClient, reason: string): void;
}

/**
 * Runs one command, or several at once, on a client that is connected.
 * @throws HubError `unavailable` when too many wait: nothing was sent; `timeout` when no answer came; else what the client throws
 */
export type RunCommand = <Result>(client: RedisClient, work: (client: RedisClient) => Promise<Result>) => Promise<Result>;

const MAX_IN_FLIGHT = 50_000;
/** A command behind many others waits no longer than this, however steadily they are answered. */
const LONGEST_WAIT_MS = 10_000;

/** For the commands of one connection, whose answers come in order. */
export function createRunCommand({ commandTimeoutMs, onFault }: CommandsOptions): RunCommand {
  const sliceMs = commandTimeoutMs / SLICES;
  let inFlight = 0;
  let answeredAt = 0;

  return <Result>(client: RedisClient, work: (client: RedisClient) => Promise<Result>) => {
    if (inFlight >= MAX_IN_FLIGHT)
      return Promise.reject(new HubError('unavailable', 'Too many commands wait for Redis; nothing was stored.'));
    const askedAt = performance.now();
    inFlight++;
    return new Promise<Result>((resolve, reject) => {
      let slices = 0;
      let lookedAt = askedAt;
      let timer = setTimeout(look, sliceMs);
      function look(): void {
        // Answers come in order: while others come, this one is on its way behind them.
        slices = answeredAt > lookedAt ? 0 : slices + 1;
        lookedAt = performance.now();
        if (slices < SLICES && lookedAt - askedAt < LONGEST_WAIT_MS) {
          timer = setTimeout(look, sliceMs);
          return;
        }
        reject(outcomeUnknown(`Redis did not answer within ${commandTimeoutMs} ms`));
        onFault(client, `no answer within ${commandTimeoutMs} ms`);
      }
      const settle = () => {
        answeredAt = performance.now();
        clearTimeout(timer);
        inFlight--;
      };
      work(client).then(
        (result) => {
          settle();
          resolve(result);
        },
        (error: unknown) => {
          settle();
          reject(error);
          if (replyCode(error) === 'READONLY') onFault(client, 'the server is a replica now');
        },
      );
    });
  };
}
