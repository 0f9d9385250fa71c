import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import type { JobContext } from '../../../server/jobs/handler.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { faultInput } from './input.js';

const STEPS = 8;
const STEP_MS = 100;

/** Runs in a worker's thread. One that ends its thread is poisonous, whoever takes it. */
export async function run(
  { does, room, values }: z.output<typeof faultInput>,
  { progress, signal, publish }: Pick<JobContext, 'progress' | 'signal' | 'publish'>,
): Promise<{ values: readonly number[] }> {
  if (does === 'exit') process.exit();
  if (does === 'wait') {
    for (let step = 1; step <= STEPS; step++) {
      await delay(STEP_MS, undefined, { signal });
      progress(step / STEPS);
    }
  }
  for (const value of values) await publish(room as RoomName, 'text', { value });
  return { values };
}
