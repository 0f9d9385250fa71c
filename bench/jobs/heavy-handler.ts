import { z } from 'zod';
import type { JobContext } from '../../server/jobs/handler.js';

export const heavyInput = z.strictObject({ below: z.int().min(2).max(2_000_000_000) });
type Input = z.output<typeof heavyInput>;
interface Output {
  primes: number;
}

/** Numbers counted between two reports of progress. */
const BLOCK = 20_000;
/** How long the considerate form computes before it lets the event loop do something else. */
const TURN_MS = 10;

/** Counts primes by trial division in one go, as heavy handlers are written: it leaves it to where it runs that nobody waits for it. */
export function run({ below }: Input, { progress }: Pick<JobContext, 'progress'>): Output {
  let primes = 0;
  for (const { from, to } of blocks(below)) {
    primes += countPrimes(from, to);
    progress(to / below);
  }
  return { primes };
}

/** The same, cut into turns: the best that a handler on the event loop can do for the others there. */
export async function runInTurns({ below }: Input, { progress, signal }: Pick<JobContext, 'progress' | 'signal'>): Promise<Output> {
  let primes = 0;
  let turnBegan = performance.now();
  for (const { from, to } of blocks(below)) {
    if (performance.now() - turnBegan >= TURN_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      turnBegan = performance.now();
    }
    primes += countPrimes(from, to);
    progress(to / below);
  }
  return { primes };
}

function* blocks(below: number): Generator<{ from: number; to: number }> {
  for (let from = 2; from < below; from += BLOCK) yield { from, to: Math.min(from + BLOCK, below) };
}

function countPrimes(from: number, to: number): number {
  let primes = 0;
  for (let n = from; n < to; n++) if (isPrime(n)) primes++;
  return primes;
}

function isPrime(n: number): boolean {
  if (n % 2 === 0) return n === 2;
  for (let divisor = 3; divisor * divisor <= n; divisor += 2) if (n % divisor === 0) return false;
  return true;
}
