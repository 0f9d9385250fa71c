import { defineJob } from '../../../server/jobs/handler.js';
import { FAULT_JOB, faultInput } from './input.js';

/** What the hubs and workers of the bench load: while Redis is away a job cannot publish, and its attempt fails. */
export default defineJob({
  name: FAULT_JOB,
  input: faultInput,
  attempts: 10,
  backoffMs: 250,
  module: new URL('./handler.js', import.meta.url),
});
