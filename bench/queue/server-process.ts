import { z } from 'zod';
import { createHub } from '../../server/roomcast.js';
import { answerCalls } from '../process.js';
import { LOOP_JOB, type ServerCalls, THREAD_JOB } from './calls.js';
import { run } from './empty-handler.js';
import { openPlainBullmq } from './plain-bullmq.js';

const US_PER_S = 1e6;

answerCalls<ServerCalls>({
  async open(server) {
    if (server.kind === 'bullmq') return openPlainBullmq(server.redisUrl);
    const { dataDir, redisUrl } = server;
    const hub = await createHub({ port: 0, dataDir, limits: false, logLevel: 'warn', ...(redisUrl !== undefined && { redisUrl }) });
    const input = z.strictObject({});
    hub.job(THREAD_JOB, { input, module: new URL('./empty-handler.js', import.meta.url) });
    hub.job(LOOP_JOB, { input, run });
    return { url: hub.url };
  },
  async cpuSeconds() {
    const { user, system } = process.cpuUsage();
    return (user + system) / US_PER_S;
  },
});
