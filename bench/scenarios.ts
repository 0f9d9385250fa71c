import { cache } from './cache/scenario.js';
import { cluster } from './delivery/cluster.js';
import { compressed } from './delivery/compressed.js';
import { fanout } from './delivery/fanout.js';
import { idle } from './delivery/idle.js';
import { naive } from './delivery/naive.js';
import { publish } from './delivery/publish.js';
import { rate } from './delivery/rate.js';
import { rooms } from './delivery/rooms.js';
import { slow } from './delivery/slow.js';
import { ingest } from './ingest/scenario.js';
import { jobs } from './jobs/scenario.js';
import { page } from './page/scenario.js';
import { queue } from './queue/scenario.js';
import type { Scenario } from './scenario.js';
import { search } from './search/scenario.js';
import { transports } from './transports/scenario.js';
import { frames } from './views/frames.js';
import { logs } from './views/logs.js';

/** Every scenario, in the order of `--help` and of the document. */
export const SCENARIOS: readonly Scenario[] = [
  fanout,
  rooms,
  compressed,
  rate,
  slow,
  publish,
  cluster,
  naive,
  idle,
  transports,
  logs,
  frames,
  cache,
  ingest,
  queue,
  search,
  jobs,
  page,
];
