import { HubError, isErrorCode } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';

/** One room in the hub's list: the newest message's seq and time. */
export interface RoomListing {
  readonly room: RoomName;
  readonly last: number;
  readonly time: number;
}

/** Series over time: `values[i]` is of the step that starts at `from + i * stepMs` milliseconds, null where there was no sample. */
export interface MetricRange {
  readonly from: number;
  readonly stepMs: number;
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** What of a metric room is asked for: times in milliseconds since 1970. */
export interface RangeQuery {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** Patterns, 20 at most. */
  readonly series: readonly string[];
  readonly aggregate: 'avg' | 'last';
}

/** What the pages ask over HTTP. All reject with HubError. */
export interface HttpApi {
  /** Rooms whose name starts with `prefix`, all where it is empty, as far as this user may read them. */
  rooms(prefix: string): Promise<RoomListing[]>;
  /** The file that a job made, or its result as JSON. */
  jobFile(jobId: string): Promise<{ name: string; blob: Blob }>;
  /** Values of the series that any of the patterns chooses, one per step. */
  metricRange(room: RoomName, query: RangeQuery): Promise<MetricRange>;
  /** The absolute address of a path of the API. */
  url(path: string): string;
}

/** Who asks: a token's user, or the guest that has the key. */
export type Caller = { token: string } | { guestKey: string; name: string };

const ROOMS = 500;

export function createHttpApi(base: URL, caller: Caller): HttpApi {
  const headers = headersOf(caller);
  const url = (path: string) => new URL(path, base).href;
  const ask = async (path: string): Promise<Response> => {
    const response = await fetch(url(path), { headers }).catch(() => {
      throw new HubError('unavailable', 'the hub cannot be reached');
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  };
  const getJson = async (path: string) => (await ask(path)).json();
  return {
    url,
    rooms: async (prefix) => (await getJson(`api/rooms?${new URLSearchParams({ ...(prefix && { prefix }), limit: `${ROOMS}` })}`)).rooms,
    jobFile: async (jobId) => {
      const response = await ask(`api/jobs/${encodeURIComponent(jobId)}/result`);
      return { name: fileName(response.headers.get('Content-Disposition')) ?? `${jobId}.json`, blob: await response.blob() };
    },
    metricRange: (room, { from, to, stepMs, series, aggregate }) => {
      const query = new URLSearchParams({ from: `${Math.floor(from)}`, to: `${Math.ceil(to)}`, stepMs: `${stepMs}`, aggregate });
      for (const pattern of series) query.append('series', pattern);
      return getJson(`api/metrics/${encodeURIComponent(room)}/query?${query}`);
    },
  };
}

function headersOf(caller: Caller): Record<string, string> {
  if ('token' in caller) return { Authorization: `Bearer ${caller.token}` };
  return { 'X-Guest-Key': caller.guestKey, ...(caller.name && { 'X-Guest-Name': encodeURIComponent(caller.name) }) };
}

/** The name in a `Content-Disposition` header, in its extended form (RFC 8187) where there is one. */
export function fileName(disposition: string | null): string | undefined {
  const extended = /filename\*=UTF-8''([^;\s]+)/i.exec(disposition ?? '')?.[1];
  if (extended) return decodeURIComponent(extended);
  const [, quoted, plain] = /filename=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition ?? '') ?? [];
  return quoted?.replace(/\\(.)/g, '$1') ?? plain;
}

/** The error that a refused request carries; what is not the hub's own answer is `unavailable`. */
async function errorOf(response: Response): Promise<HubError> {
  const body: { error?: { code?: unknown; message?: unknown; retryAfterMs?: unknown } } = await response.json().catch(() => ({}));
  const { code, message, retryAfterMs } = body.error ?? {};
  if (!isErrorCode(code)) return new HubError('unavailable', `the hub answered ${response.status}`);
  return new HubError(code, String(message ?? code), typeof retryAfterMs === 'number' ? retryAfterMs : undefined);
}
