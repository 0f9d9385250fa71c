import { answerCalls } from '../../process.js';
import type { JobsLoadCalls } from './calls.js';
import { JobsLoad } from './jobs-load.js';

let load: JobsLoad;

answerCalls<JobsLoadCalls>({
  async open(settings) {
    load = new JobsLoad(settings);
    await load.ready();
  },
  start: async () => load.start(),
  async finish() {
    const verdict = await load.finish();
    load.close();
    return verdict;
  },
});
