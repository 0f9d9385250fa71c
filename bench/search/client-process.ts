import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ExportResult } from '../../server/jobs/handlers/export.js';
import type { SearchResult } from '../../server/jobs/handlers/search.js';
import type { JobState, Message } from '../../shared/protocol.js';
import { Deliveries } from '../load/deliveries.js';
import { ask, type HubSocket, openHubSocket } from '../load/hub-socket.js';
import { PacedPublisher } from '../load/paced-publisher.js';
import { answerCalls } from '../process.js';
import { median } from '../stats.js';
import type { ClientCalls, Task, TaskFigures } from './calls.js';

const ROOM = 'chat:bench';
const TEXT = 'x'.repeat(100);

/** One run of the task after the other. Those that are submitted after the warm-up count, one at least, and the very first one by itself. */
class TaskLoop {
  readonly #firstHitsMs: number[] = [];
  readonly #allMs: number[] = [];
  #coldFirstHitsMs: number | undefined;
  #found = 0;
  #jobsDone = 0;
  #isWarm = false;
  #stopping = false;

  constructor(
    private readonly socket: HubSocket,
    private readonly task: Task,
  ) {}

  async run(): Promise<void> {
    while (!this.#stopping || this.#allMs.length === 0) await this.#once();
  }

  endWarmUp(): void {
    this.#isWarm = true;
  }

  stop(): void {
    this.#stopping = true;
  }

  figures(): TaskFigures {
    const middle = (values: readonly number[]) => (values.length === 0 ? 0 : median(values));
    const [firstHitsMs, allMs] = [middle(this.#firstHitsMs), middle(this.#allMs)];
    return { firstHitsMs, allMs, coldFirstHitsMs: this.#coldFirstHitsMs ?? 0, found: this.#found, jobsDone: this.#jobsDone };
  }

  async #once(): Promise<void> {
    const beganAt = performance.now();
    const counts = this.#isWarm;
    let first: number | undefined;
    let own: string | undefined;
    const ended = new Promise<JobState>((resolve) => {
      this.socket.on('job', (state) => {
        own ??= state.jobId;
        if (state.jobId !== own) return;
        if (hitsOf(state) > 0) first ??= performance.now() - beganAt;
        if (state.endedAt !== undefined) resolve(state);
      });
    });
    const { name, input } = this.task;
    await ask(this.socket, 'job:submit', { name, input });
    const { state, error, result } = await ended;
    this.socket.off('job');
    if (state !== 'done') throw new Error(`a job ended ${state}: ${error?.message}`);
    this.#found = check(this.task, result);
    this.#jobsDone++;
    this.#coldFirstHitsMs ??= first;
    if (!counts) return;
    if (first !== undefined) this.#firstHitsMs.push(first);
    this.#allMs.push(performance.now() - beganAt);
  }
}

function hitsOf({ progress, result }: JobState): number {
  const told = (result ?? progress?.data) as { hits?: unknown[] } | undefined;
  return told?.hits?.length ?? 0;
}

/** How much was found. @throws Error when it is not what there is */
function check(task: Task, result: unknown): number {
  if (task.name === 'export') {
    const { messages } = result as ExportResult;
    if (messages !== task.messages) throw new Error(`an export has ${messages} messages where there are ${task.messages}`);
    return messages;
  }
  const texts = (result as SearchResult).hits.map(({ text }) => text);
  if (!isDeepStrictEqual(texts, task.texts))
    throw new Error(`a search found ${texts.length} messages, not the ${task.texts.length} there are`);
  return texts.length;
}

answerCalls<ClientCalls>({
  async load({ url, messagesPerSecond, subscribers, warmUpSeconds, seconds, task }) {
    const deliveries = new Deliveries(subscribers);
    for (let subscriber = 0; subscriber < subscribers; subscriber++) {
      const socket = await openHubSocket(url);
      socket.on('message', ({ data }: Message) => deliveries.hear(subscriber, (data as { n: number }).n));
      await ask(socket, 'subscribe', { room: ROOM });
    }
    const make = (n: number) => ({ room: ROOM, id: `m${n}-${process.pid}`, data: { text: TEXT, n } });
    const publisher = await PacedPublisher.start(url, deliveries, messagesPerSecond, make);
    const tasks = task && new TaskLoop(await openHubSocket(url), task);
    const running = tasks?.run();
    running?.catch(() => undefined);
    await delay(warmUpSeconds * 1_000);
    tasks?.endWarmUp();
    await publisher.watch(seconds);
    tasks?.stop();
    await running;
    const none = { firstHitsMs: 0, coldFirstHitsMs: 0, allMs: 0, found: 0, jobsDone: 0 };
    return { ...(await publisher.end()), ...(tasks?.figures() ?? none) };
  },
});
