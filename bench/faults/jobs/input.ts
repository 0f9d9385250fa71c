import { z } from 'zod';
import { DEEDS } from './plan.js';

/** As the hubs and workers of the bench know the job. */
export const FAULT_JOB = 'fault';

export const faultInput = z.strictObject({
  does: z.enum(DEEDS),
  room: z.string().max(100),
  values: z.array(z.int()).max(2),
});
