import { setTimeout as delay } from 'node:timers/promises';
import type { PublishRequest } from '../../shared/schemas.js';
import { percentile } from '../stats.js';
import type { Deliveries } from './deliveries.js';
import { ask, type HubSocket, openHubSocket } from './hub-socket.js';
import { pace } from './pace.js';

/** Time for the last messages to arrive after the load's end. */
const ARRIVE_MS = 20_000;

/** The n-th publication. */
export type MakePublication = (n: number) => PublishRequest;

export interface PacedFigures {
  /** Messages published in the window, and deliveries of them: each message to each subscriber. */
  readonly published: number;
  readonly delivered: number;
  /** Deliveries that came in the window, of messages from before it too. */
  readonly arrived: number;
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly latencyMaxMs: number;
  /** The load's own event loop in the window: near 100, it measures itself. */
  readonly clientBusyPercent: number;
}

/** Publishes at a steady rate on a connection of its own, and tells what became of the messages of a window. */
export class PacedPublisher {
  readonly #answers: Promise<unknown>[] = [];
  readonly #stopPacing: () => void;
  #window = { fromMs: 0, toMs: 0, busyPercent: 0 };

  private constructor(
    private readonly deliveries: Deliveries,
    private readonly socket: HubSocket,
    private readonly make: MakePublication,
    perSecond: number,
  ) {
    this.#stopPacing = pace(perSecond, () => this.#publish());
  }

  static async start(url: string, deliveries: Deliveries, perSecond: number, make: MakePublication): Promise<PacedPublisher> {
    return new PacedPublisher(deliveries, await openHubSocket(url), make, perSecond);
  }

  /** The measured window; publishing goes on behind it. */
  async watch(seconds: number): Promise<void> {
    const fromMs = performance.now();
    const busyBefore = performance.eventLoopUtilization();
    await delay(seconds * 1_000);
    const { utilization } = performance.eventLoopUtilization(busyBefore);
    this.#window = { fromMs, toMs: performance.now(), busyPercent: utilization * 100 };
  }

  stop(): void {
    this.#stopPacing();
  }

  /** Stops. @throws Error when a message was refused, lost, repeated or out of order */
  async end(): Promise<PacedFigures> {
    this.stop();
    await Promise.all(this.#answers);
    await this.deliveries.complete(ARRIVE_MS);
    const { fromMs, toMs, busyPercent } = this.#window;
    const { sent, latenciesMs, arrived } = this.deliveries.within(fromMs, toMs);
    return {
      published: sent,
      delivered: latenciesMs.length,
      arrived,
      latencyP50Ms: percentile(latenciesMs, 50),
      latencyP99Ms: percentile(latenciesMs, 99),
      latencyMaxMs: percentile(latenciesMs, 100),
      clientBusyPercent: busyPercent,
    };
  }

  /** Nothing waits for the answer: the next message is sent when it is due. */
  #publish(): void {
    const answer = ask(this.socket, 'publish', this.make(this.deliveries.send()));
    // A refusal is told at the end, where all answers are awaited.
    answer.catch(() => undefined);
    this.#answers.push(answer);
  }
}
