import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JobState } from '../../shared/protocol.js';
import type { Job } from './job-machine.js';
import type { JobsLink } from './jobs-link.js';

export interface JobScript {
  readonly source: string;
  readonly sha: string;
}

/** A script made of files in `lua/`, the last of which is the script and those before it what it stands on. */
export function loadJobScript(...names: string[]): JobScript {
  const source = names.map((name) => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')).join('');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** Runs a script by its digest; a Redis that forgot it gets it again. @throws HubError as the link */
export function runJobScript(
  link: Pick<JobsLink, 'run'>,
  { source, sha }: JobScript,
  keys: string[],
  args: (string | Buffer)[],
): Promise<unknown> {
  return link.run(async (client) => {
    try {
      return await client.evalSha(sha, { keys, arguments: args });
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return client.eval(source, { keys, arguments: args });
    }
  });
}

/** The request never changes: it is stored beside the rest, once. */
export function encodeJob({ request: _, ...job }: Job): string {
  return JSON.stringify(job);
}

/** @param place the one that it got with its submission, where it had to wait: it stands in the first state alone */
export function decodeJob(request: string, job: string, place?: string | null): Job {
  const decoded: Job = { request: JSON.parse(request), ...JSON.parse(job) };
  return { ...decoded, state: withPlace(decoded.state, place) };
}

/** The state alone. */
export function decodeState(job: string, place?: string | null): JobState {
  return withPlace((JSON.parse(job) as Pick<Job, 'state'>).state, place);
}

const withPlace = (state: JobState, place: string | null | undefined): JobState =>
  place && state.revision === 1 ? { ...state, place: Number(place) } : state;
