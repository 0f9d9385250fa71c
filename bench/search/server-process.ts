import { createHub } from '../../server/roomcast.js';
import { answerCalls } from '../process.js';
import type { ServerCalls } from './calls.js';

/** One user exports a long history again and again, and fetches none of the files. */
const ALL_RESULTS_BYTES = 1024 ** 4;

answerCalls<ServerCalls>({
  async open(store) {
    const forEver = { chatHistoryMessages: 0, chatHistoryTtlMs: 0 };
    const results = { resultsMaxBytes: ALL_RESULTS_BYTES, resultsPerUserMaxBytes: ALL_RESULTS_BYTES };
    const hub = await createHub({ port: 0, ...store, ...forEver, ...results, limits: false, logLevel: 'warn', jobThreads: 1 });
    return { url: hub.url };
  },
});
