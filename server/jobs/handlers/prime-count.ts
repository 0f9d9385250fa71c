import type { z } from 'zod';
import type { JobContext } from '../handler.js';
import type { primeCountInput } from './inputs.js';

/** Numbers tried between two looks at the signal. */
const BLOCK = 200_000;

/** Counts the primes below a number by trial division: plain work for a processor, as much of it as is asked for. */
export async function run({ below }: z.output<typeof primeCountInput>, { progress, signal }: JobContext): Promise<{ primes: number }> {
  const divisors = primesUpTo(Math.floor(Math.sqrt(below)));
  let primes = 0;
  for (let from = 2; from < below; from += BLOCK) {
    // A turn for the messages of the parent, which fire the signal.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const to = Math.min(from + BLOCK, below);
    for (let n = from; n < to; n++) if (isPrime(n, divisors)) primes++;
    progress(to / below, { note: `${primes} primes below ${to}` });
  }
  return { primes };
}

function isPrime(n: number, divisors: readonly number[]): boolean {
  for (const divisor of divisors) {
    if (divisor * divisor > n) return true;
    if (n % divisor === 0) return false;
  }
  return true;
}

function primesUpTo(max: number): number[] {
  const primes: number[] = [];
  for (let n = 2; n <= max; n++) if (isPrime(n, primes)) primes.push(n);
  return primes;
}
