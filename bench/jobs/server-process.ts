import { createHub } from '../../server/roomcast.js';
import { answerCalls } from '../process.js';
import { watchProcess } from '../process-figures.js';
import { IN_TURNS_JOB, OFFLOADED_JOB, ON_LOOP_JOB, type ServerCalls } from './calls.js';
import { heavyInput as input, run, runInTurns } from './heavy-handler.js';

// The hub as it is shipped, with one heavy handler: as a module, which it runs in a thread, and as functions, which stay on the event loop.
answerCalls<ServerCalls>({
  async open({ dataDir }) {
    const hub = await createHub({ port: 0, dataDir, limits: false, logLevel: 'warn' });
    hub.job(OFFLOADED_JOB, { input, module: new URL('./heavy-handler.js', import.meta.url) });
    hub.job(ON_LOOP_JOB, { input, run });
    hub.job(IN_TURNS_JOB, { input, run: runInTurns });
    return { url: hub.url };
  },
  watch: ({ seconds }) => watchProcess(seconds),
});
