import type { Message } from '../../shared/protocol.js';
import { Deliveries } from '../load/deliveries.js';
import { ask, openHubSocket } from '../load/hub-socket.js';
import { PacedPublisher } from '../load/paced-publisher.js';
import { answerCalls } from '../process.js';
import type { ClientCalls, LoadFigures, LoadRequest } from './calls.js';
import { PacedJobs } from './paced-jobs.js';

const ROOM = 'chat:bench';
/** A short chat message. */
const TEXT = 'x'.repeat(100);

/** One publisher at a steady rate, subscribers, and a submitter of jobs, each on a connection of its own. */
class Load {
  private constructor(
    private readonly publisher: PacedPublisher,
    private readonly jobs: PacedJobs | undefined,
  ) {}

  static async begin({ url, messagesPerSecond, subscribers, job }: LoadRequest): Promise<Load> {
    const deliveries = new Deliveries(subscribers);
    for (let subscriber = 0; subscriber < subscribers; subscriber++) {
      const socket = await openHubSocket(url);
      socket.on('message', ({ data }: Message) => deliveries.hear(subscriber, (data as { n: number }).n));
      await ask(socket, 'subscribe', { room: ROOM });
    }
    const jobs = job && new PacedJobs(await openHubSocket(url), job);
    const make = (n: number) => ({ room: ROOM, id: `m${n}`, data: { text: TEXT, n } });
    const publisher = await PacedPublisher.start(url, deliveries, messagesPerSecond, make);
    await jobs?.start();
    return new Load(publisher, jobs);
  }

  watch(seconds: number): Promise<void> {
    return this.publisher.watch(seconds);
  }

  async end(): Promise<LoadFigures> {
    this.publisher.stop();
    await this.jobs?.stop();
    return { ...(await this.publisher.end()), jobsDone: this.jobs?.done ?? 0 };
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
