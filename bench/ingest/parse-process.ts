import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { answerCalls } from '../process.js';
import { type Bodies, influxBodies, remoteWriteBodies } from './bodies.js';
import type { ParseCalls } from './calls.js';
import { TAKERS, type Taker } from './takers.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** What is in use, after all that is not has gone. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const state: { bodies: Bodies; take: Taker; series: number; before: number } = {
  bodies: { bodies: [], samples: 0 },
  take: () => {},
  series: 1,
  before: 0,
};

/** A hub reads its sockets between two bodies. */
async function takeAll(): Promise<void> {
  for (const body of state.bodies.bodies) {
    await state.take(body);
    await turn();
  }
}

answerCalls<ParseCalls>({
  async prepare({ mode, series, fields }) {
    state.bodies = mode.startsWith('influx') ? influxBodies(series, fields) : remoteWriteBodies(series);
    state.series = series;
    state.before = usedBytes();
    state.take = TAKERS[mode]();
    await takeAll();
  },
  async parse({ seconds }) {
    const until = performance.now() + seconds * 1_000;
    const before = process.cpuUsage();
    let samples = 0;
    while (performance.now() < until) {
      await takeAll();
      samples += state.bodies.samples;
    }
    const { user, system } = process.cpuUsage(before);
    return { samples, cpuSeconds: (user + system) / 1e6, bytesPerSeries: Math.max(0, usedBytes() - state.before) / state.series };
  },
});
