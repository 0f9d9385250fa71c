import type { Request } from 'express';

/** How the events of a stream are written. */
export interface StreamFormat {
  readonly contentType: string;
  /** What stands before the first event. */
  head(retryMs: number): string;
  /** @param json the event's data; @param id the position up to which a reader of this event has everything */
  event(name: string, json: string, id?: string): string;
  /** Says nothing, so that proxies leave a quiet stream open. */
  readonly heartbeat: string;
}

/** Server-sent events (HTML standard, 9.2). */
const eventStream: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  head: (retryMs) => `retry: ${retryMs}\n\n`,
  event: (name, json, id) => `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${json}\n\n`,
  heartbeat: ': still here\n\n',
};

/** One JSON object per line: the same events for readers that have no parser of event streams. */
const ndjson: StreamFormat = {
  contentType: 'application/x-ndjson; charset=utf-8',
  head: () => '',
  event: (name, json, id) => `{"event":"${name}",${id === undefined ? '' : `"id":"${id}",`}"data":${json}}\n`,
  heartbeat: '{"event":"heartbeat"}\n',
};

/** The format that the request prefers; an event stream where it does not say. */
export function formatFor(req: Pick<Request, 'accepts'>): StreamFormat {
  return req.accepts(['text/event-stream', 'application/x-ndjson']) === 'application/x-ndjson' ? ndjson : eventStream;
}
