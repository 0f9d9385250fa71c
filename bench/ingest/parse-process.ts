import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { metricsProtobuf } from '../../test/support/otlp.js';
import { answerCalls } from '../process.js';
import { type Bodies, influxBodies, otlpBodies, remoteWriteBodies } from './bodies.js';
import type { Mode, ParseCalls } from './calls.js';
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

function bodiesOf(mode: Mode, series: number, fields: number): Bodies {
  if (mode.startsWith('influx')) return influxBodies(series, fields);
  if (mode.startsWith('remote-write')) return remoteWriteBodies(series);
  return otlpBodies(series, mode.startsWith('otlp-json') ? (request) => Buffer.from(JSON.stringify(request)) : metricsProtobuf);
}

/** A hub reads its sockets between two bodies. */
async function takeAll(): Promise<void> {
  for (const body of state.bodies.bodies) {
    await state.take(body);
    await turn();
  }
}

answerCalls<ParseCalls>({
  async prepare({ mode, series, fields }) {
    state.bodies = bodiesOf(mode, series, fields);
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
