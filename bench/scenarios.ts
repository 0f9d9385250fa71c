import { jobs } from './jobs/scenario.js';
import type { Scenario } from './scenario.js';

/** Every scenario, in the order of `--help` and of the document. */
export const SCENARIOS: readonly Scenario[] = [jobs];
