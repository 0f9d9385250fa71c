import { answerCalls } from '../process.js';
import type { CalibrationCalls, HeavyJob } from './calls.js';
import { run } from './heavy-handler.js';

const FIRST_BELOW = 500_000;
/** Trial division up to n takes about n to this power. */
const GROWTH = 1.4;
const TRIES = 6;
const GOOD_ENOUGH = 0.05;

function measure(below: number): HeavyJob {
  const before = process.cpuUsage();
  const { primes } = run({ below }, { progress() {} });
  const { user, system } = process.cpuUsage(before);
  return { below, primes, cpuSeconds: (user + system) / 1e6 };
}

answerCalls<CalibrationCalls>({
  async calibrate({ cpuSeconds }) {
    let job = measure(FIRST_BELOW);
    for (let tried = 1; tried < TRIES && Math.abs(job.cpuSeconds / cpuSeconds - 1) > GOOD_ENOUGH; tried++) {
      job = measure(Math.round(job.below * (cpuSeconds / job.cpuSeconds) ** (1 / GROWTH)));
    }
    return job;
  },
});
