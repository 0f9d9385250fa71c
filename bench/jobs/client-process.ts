import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from '../../shared/protocol.js';
import { Deliveries } from '../load/deliveries.js';
import { ask, type HubSocket, openHubSocket } from '../load/hub-socket.js';
import { pace } from '../load/pace.js';
import { answerCalls } from '../process.js';
import { percentile } from '../stats.js';
import type { ClientCalls, LoadFigures, LoadRequest } from './calls.js';
import { JobLoop } from './job-loop.js';

const ROOM = 'chat:bench';
/** A short chat message. */
const TEXT = 'x'.repeat(100);
/** Time for the last messages to arrive after the load's end. */
const ARRIVE_MS = 20_000;

/** One publisher at a steady rate, subscribers, and a submitter of jobs, each on a connection of its own. */
class Load {
  readonly #answers: Promise<unknown>[] = [];
  #stopPublishing = () => {};
  #window = { fromMs: 0, toMs: 0, busyPercent: 0 };

  private constructor(
    private readonly deliveries: Deliveries,
    private readonly publisher: HubSocket,
    private readonly jobs: JobLoop | undefined,
  ) {}

  static async begin({ url, messagesPerSecond, subscribers, job }: LoadRequest): Promise<Load> {
    const deliveries = new Deliveries(subscribers);
    for (let subscriber = 0; subscriber < subscribers; subscriber++) {
      const socket = await openHubSocket(url);
      socket.on('message', ({ data }: Message) => deliveries.hear(subscriber, (data as { n: number }).n));
      await ask(socket, 'subscribe', { room: ROOM });
    }
    const jobs = job && new JobLoop(await openHubSocket(url), job);
    const load = new Load(deliveries, await openHubSocket(url), jobs);
    load.#stopPublishing = pace(messagesPerSecond, () => load.#publish());
    await jobs?.start();
    return load;
  }

  async watch(seconds: number): Promise<void> {
    const fromMs = performance.now();
    const busyBefore = performance.eventLoopUtilization();
    await delay(seconds * 1_000);
    const { utilization } = performance.eventLoopUtilization(busyBefore);
    this.#window = { fromMs, toMs: performance.now(), busyPercent: utilization * 100 };
  }

  async end(): Promise<LoadFigures> {
    this.#stopPublishing();
    await this.jobs?.stop();
    await Promise.all(this.#answers);
    await this.deliveries.complete(ARRIVE_MS);
    const { fromMs, toMs, busyPercent } = this.#window;
    const { sent, latenciesMs } = this.deliveries.within(fromMs, toMs);
    return {
      published: sent,
      delivered: latenciesMs.length,
      latencyP50Ms: percentile(latenciesMs, 50),
      latencyP99Ms: percentile(latenciesMs, 99),
      latencyMaxMs: percentile(latenciesMs, 100),
      jobsDone: this.jobs?.done ?? 0,
      clientBusyPercent: busyPercent,
    };
  }

  /** Nothing waits for the answer: the next message is sent when it is due. */
  #publish(): void {
    const n = this.deliveries.send();
    const answer = ask(this.publisher, 'publish', { room: ROOM, id: `m${n}`, data: { text: TEXT, n } });
    // A refusal is told at the end, where all answers are awaited.
    answer.catch(() => undefined);
    this.#answers.push(answer);
  }
}

let loading: Promise<Load> | undefined;
const load = () => loading ?? Promise.reject(new Error('no load was begun'));

answerCalls<ClientCalls>({
  async begin(request) {
    loading = Load.begin(request);
    await loading;
  },
  watch: async ({ seconds }) => (await load()).watch(seconds),
  end: async () => (await load()).end(),
});
