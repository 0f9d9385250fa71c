import type { Message } from '../../shared/protocol.js';
import { Deliveries } from '../load/deliveries.js';
import { PacedPublisher } from '../load/paced-publisher.js';
import { answerCalls } from '../process.js';
import type { Transport, ViewersCalls, ViewersFigures, ViewersRequest } from './calls.js';
import { PollViewer } from './poll-viewer.js';
import { eventStream, ndjson, StreamViewer } from './stream-viewer.js';
import type { Traffic, Viewer, ViewerOptions } from './viewer.js';
import { WebSocketViewer } from './websocket-viewer.js';

const ROOM = 'logs:bench';
/** How long the hub may hold a long poll back, and how often those ask that it must not. */
const LONG_POLL_SECONDS = 25;
const INTERVAL_MS = 1_000;
/** Viewers that come in at a time. */
const AT_A_TIME = 50;

const OPENERS: Record<Transport, (options: ViewerOptions) => Viewer> = {
  websocket: (options) => new WebSocketViewer(options),
  sse: (options) => new StreamViewer(options, eventStream),
  'http-streaming': (options) => new StreamViewer(options, ndjson),
  'long-poll': (options) => new PollViewer(options, { waitSeconds: LONG_POLL_SECONDS, intervalMs: 0 }),
  polling: (options) => new PollViewer(options, { waitSeconds: 0, intervalMs: INTERVAL_MS }),
};

const numberOf = ({ data }: Message) => (data as { lines: [{ fields: { n: number } }] }).lines[0].fields.n;

/** Opens the viewers of a room, a few at a time. */
async function openViewers({ port, transport, viewers: count }: ViewersRequest, deliveries: Deliveries, fail: ViewerOptions['fail']) {
  const viewers = Array.from({ length: count }, (_, viewer) => {
    const hear = (messages: readonly Message[]) => {
      for (const message of messages) deliveries.hear(viewer, numberOf(message));
    };
    return OPENERS[transport]({ port, room: ROOM, phase: viewer / count, hear, fail });
  });
  for (let from = 0; from < count; from += AT_A_TIME) {
    await Promise.all(viewers.slice(from, from + AT_A_TIME).map((viewer) => viewer.open()));
  }
  return viewers;
}

/** Viewers of one log room on one transport, and a publisher of its lines. */
class Load {
  #failure: Error | undefined;
  #window = { bytes: 0, requests: 0 };
  #viewers: readonly Viewer[] = [];
  #publisher: PacedPublisher | undefined;

  async begin(request: ViewersRequest): Promise<void> {
    const deliveries = new Deliveries(request.viewers);
    this.#viewers = await openViewers(request, deliveries, (error) => {
      this.#failure ??= error;
    });
    const text = 'x'.repeat(request.bytes);
    this.#publisher = await PacedPublisher.start(`http://127.0.0.1:${request.port}`, deliveries, request.linesPerSecond, (n) => ({
      room: ROOM,
      id: `line-${n}`,
      type: 'lines',
      data: { lines: [{ time: Date.now(), level: 'info', text, fields: { n } }] },
    }));
  }

  async watch(seconds: number): Promise<void> {
    const before = this.#total();
    await this.#begun().watch(seconds);
    const after = this.#total();
    this.#window = { bytes: after.bytes - before.bytes, requests: after.requests - before.requests };
  }

  async end(): Promise<ViewersFigures> {
    const figures = await this.#begun().end();
    if (this.#failure) throw this.#failure;
    return { ...figures, ...this.#window };
  }

  #begun(): PacedPublisher {
    if (!this.#publisher) throw new Error('no load was begun');
    return this.#publisher;
  }

  #total(): Traffic {
    return this.#viewers.reduce(
      (sum, { traffic: { bytes, requests } }) => ({ bytes: sum.bytes + bytes, requests: sum.requests + requests }),
      {
        bytes: 0,
        requests: 0,
      },
    );
  }
}

const load = new Load();
answerCalls<ViewersCalls>({
  begin: (request) => load.begin(request),
  watch: ({ seconds }) => load.watch(seconds),
  end: () => load.end(),
});
