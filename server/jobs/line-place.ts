import { JOB_PRIORITIES, type JobRequest } from './job-queue.js';

/** Turns of one priority, as the scripts count them: three times that is BullMQ's highest number. */
const TURNS = 699_050;

/** A job's place in its lane's line, as a number: the lowest goes first. `turn` is its place among those of its priority. */
export function placeInLine({ priority = 'normal' }: Pick<JobRequest, 'priority'>, turn: number): number {
  return JOB_PRIORITIES.indexOf(priority) * TURNS + turn;
}
