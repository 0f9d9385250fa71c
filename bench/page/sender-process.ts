import { pace } from '../load/pace.js';
import { answerCalls } from '../process.js';
import type { SenderCalls, Traffic } from './calls.js';

/** Requests per second that lines go out in. */
const REQUESTS_PER_SECOND = 20;
const LEVELS = ['debug', 'info', 'info', 'info', 'warn', 'error'];

/** Sends a room's traffic over HTTP, as NDJSON. */
class Sender {
  #sent = 0;
  #refused = 0;
  #stop = () => {};
  readonly #waiting = new Set<Promise<void>>();

  async begin(url: string, traffic: Traffic): Promise<void> {
    const { perRequest, requestsPerSecond } = requestsOf(traffic);
    const send = async () => {
      const body = Array.from({ length: perRequest }, (_, n) => JSON.stringify(itemOf(traffic, n, this.#sent + n))).join('\n');
      this.#sent += perRequest;
      const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body });
      await response.arrayBuffer();
      if (!response.ok) this.#refused += perRequest;
    };
    await send();
    this.#stop = pace(requestsPerSecond, () => {
      const request = send().finally(() => this.#waiting.delete(request));
      this.#waiting.add(request);
    });
  }

  async end(): Promise<{ sent: number; refused: number }> {
    this.#stop();
    await Promise.all(this.#waiting);
    return { sent: this.#sent, refused: this.#refused };
  }
}

function requestsOf(traffic: Traffic): { perRequest: number; requestsPerSecond: number } {
  if (traffic.kind === 'samples') return { perRequest: traffic.series, requestsPerSecond: traffic.perSecond };
  return { perRequest: Math.ceil(traffic.perSecond / REQUESTS_PER_SECOND), requestsPerSecond: REQUESTS_PER_SECOND };
}

/** @param n counts from 0 in each request, `total` over all of them */
function itemOf(traffic: Traffic, n: number, total: number): unknown {
  if (traffic.kind === 'samples') {
    const value = 50 + 40 * Math.sin(total / 9_000 + n) + Math.random() * 10;
    return { name: `bench_${n % traffic.charts}`, labels: { n: String(Math.floor(n / traffic.charts)) }, value };
  }
  const fields = { n: total, path: `/api/items/${total % 97}`, status: total % 29 === 0 ? 500 : 200 };
  return {
    text: `answered GET ${fields.path} in ${total % 41} ms`,
    level: LEVELS[total % LEVELS.length],
    source: `web-${total % 5}`,
    fields,
  };
}

const sender = new Sender();
answerCalls<SenderCalls>({
  begin: ({ url, room, traffic }) => sender.begin(`${url}/api/ingest/${room}`, traffic),
  end: () => sender.end(),
});
