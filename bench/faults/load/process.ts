import { answerCalls } from '../../process.js';
import type { LoadCalls } from './calls.js';
import { Load } from './load.js';

let load: Load;

answerCalls<LoadCalls>({
  async open(settings) {
    load = new Load(settings);
    await load.ready();
  },
  start: async () => load.start(),
  burst: async ({ bytes }) => load.burst(bytes),
  async finish({ faults }) {
    const verdict = await load.finish(faults);
    load.close();
    return verdict;
  },
});
