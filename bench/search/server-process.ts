import { createHub } from '../../server/roomcast.js';
import { answerCalls } from '../process.js';
import type { ServerCalls } from './calls.js';

answerCalls<ServerCalls>({
  async open(store) {
    const forEver = { chatHistoryMessages: 0, chatHistoryTtlMs: 0 };
    const hub = await createHub({ port: 0, ...store, ...forEver, limits: false, logLevel: 'warn', jobThreads: 1 });
    return { url: hub.url };
  },
});
