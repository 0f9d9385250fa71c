import { defineJob } from '../../server/jobs/handler.js';
import { OFFLOADED_JOB } from './calls.js';
import { heavyInput as input } from './heavy-handler.js';

/** What hubs and workers know of the heavy handler: the module, which runs in a thread. */
export default defineJob({ name: OFFLOADED_JOB, input, module: new URL('./heavy-handler.js', import.meta.url) });
