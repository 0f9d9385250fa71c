import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS, toWireError } from '../../shared/errors.js';

/** Tries, and the pause between them, which grows: about two minutes in all. */
const TRIES = 30;
const RETRY_MS = 250;
const RETRY_MAX_MS = 5_000;

/** Does it again for as long as its failure may pass. Rejects with what it failed with last. */
export async function keepTrying<Value>(work: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || attempt === TRIES) throw error;
      await delay(Math.min(RETRY_MS * attempt, RETRY_MAX_MS), undefined, { ref: false });
    }
  }
}

export const mayPass = (error: unknown): boolean => ERRORS[toWireError(error).code].retry === 'later';
