import { fileURLToPath } from 'node:url';
import { createHub } from '../../server/roomcast.js';
import { answerCalls } from '../process.js';
import { watchProcess } from '../process-figures.js';
import { IN_TURNS_JOB, ON_LOOP_JOB, type ServerCalls } from './calls.js';
import { heavyInput as input, run, runInTurns } from './heavy-handler.js';

const jobHandlers = fileURLToPath(new URL('./handlers.js', import.meta.url));

// The hub as it is shipped, with one heavy handler: as a module, for a thread here or in workers, and as functions, which stay on the event loop.
answerCalls<ServerCalls>({
  async open({ dataDir, redisUrl }) {
    const place = redisUrl === undefined ? { dataDir } : { dataDir, redisUrl, jobsInServer: false };
    const hub = await createHub({ port: 0, limits: false, logLevel: 'warn', jobHandlers, ...place });
    hub.job(ON_LOOP_JOB, { input, run });
    hub.job(IN_TURNS_JOB, { input, run: runInTurns });
    return { url: hub.url };
  },
  watch: ({ seconds }) => watchProcess(seconds),
});
