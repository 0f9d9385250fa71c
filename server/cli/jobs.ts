import { HubError, isErrorCode } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import { onOff, whole } from '../config/option.js';
import { CLIENT_OPTIONS, OPTIONS } from '../config/options.js';
import { ConfigError, readOptions } from '../config/read.js';
import { type Command, EXIT, type Terminal } from './command.js';

const FLAG = { env: false } as const;
const ANSWER_MS = 30_000;

const options = {
  ...CLIENT_OPTIONS,
  failed: onOff(false, 'Only jobs that failed: the dead letters.', FLAG),
  limit: whole({ min: 1, max: 500, default: 50 }, 'Jobs that are listed, the newest.', FLAG),
};

/** Asks the running hub as the token's user; gives its answer as it came. */
type Ask = (method: 'GET' | 'POST' | 'DELETE', path: string) => Promise<unknown>;

/** What stands behind `roomcast jobs`, for each id that is given. */
const DEEDS: Readonly<Record<string, (ask: Ask, jobId: string) => Promise<string>>> = {
  show: async (ask, jobId) => JSON.stringify(await ask('GET', `/${jobId}/details`), null, 2),
  retry: async (ask, jobId) => lineOf((await ask('POST', `/${jobId}/retry`)) as JobState),
  discard: async (ask, jobId) => {
    await ask('POST', `/${jobId}/discard`);
    return `${decodeURIComponent(jobId)}  discarded`;
  },
  cancel: async (ask, jobId) => lineOf((await ask('DELETE', `/${jobId}`)) as JobState),
};

/** `roomcast jobs`: lists jobs of a running hub, shows how they went, runs failed ones again or discards them, cancels. An admin's token sees those of all users. */
export const command: Command = {
  usage: `[${Object.keys(DEEDS).join('|')} <job id> ...] [flags]`,
  options,
  run: async (argv, terminal) => {
    const { values, positionals } = readOptions(options, { env: terminal.env, argv, alsoKnown: OPTIONS });
    const ask = asking(values);
    const [word, ...jobIds] = positionals;
    if (word === undefined) {
      await list(ask, values, terminal);
      return EXIT.ok;
    }
    const deed = Object.hasOwn(DEEDS, word) ? DEEDS[word] : undefined;
    if (!deed || jobIds.length === 0) throw new ConfigError(`jobs takes nothing, or one of ${Object.keys(DEEDS).join(', ')} with job ids`);
    for (const jobId of jobIds) terminal.print(await deed(ask, encodeURIComponent(jobId)));
    return EXIT.ok;
  },
};

async function list(ask: Ask, { failed, limit }: { failed: boolean; limit: number }, { print }: Terminal): Promise<void> {
  const { jobs } = (await ask('GET', `?limit=${limit}${failed ? '&state=failed' : ''}`)) as { jobs: JobState[] };
  for (const job of jobs) print(lineOf(job));
}

function lineOf({ jobId, state, createdAt, name, error }: JobState): string {
  return [jobId, state.padEnd(9), new Date(createdAt).toISOString(), name, ...(error ? [error.message] : [])].join('  ');
}

function asking({ url, token }: { url: string; token: string | undefined }): Ask {
  const base = new URL('api/jobs', url.endsWith('/') ? url : `${url}/`).href;
  const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
  return async (method, path) => {
    const answered = fetch(`${base}${path}`, { method, headers, signal: AbortSignal.timeout(ANSWER_MS) });
    const response = await answered.catch((error: Error) => {
      throw new HubError('unavailable', `${base} cannot be reached (${(error.cause as Error | undefined)?.message ?? error.message})`);
    });
    const answer = (await response.json().catch(() => ({}))) as { error?: { code?: string; message?: string } };
    if (response.ok) return answer;
    const { code, message = `the answer was ${response.status}` } = answer.error ?? {};
    throw new HubError(isErrorCode(code) ? code : 'unavailable', message);
  };
}
