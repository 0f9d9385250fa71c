import { setTimeout as delay } from 'node:timers/promises';
import type { Message } from '../../shared/protocol.js';
import { HttpClient } from './http-client.js';
import type { Viewer, ViewerOptions } from './viewer.js';

interface Page {
  readonly messages: readonly Message[];
  readonly position: string;
}

const PAGE_MESSAGES = 500;

/** Asks for what came after what it has: again at once where the hub holds the answer back until there is some, else at intervals. */
export class PollViewer implements Viewer {
  readonly traffic: HttpClient;

  constructor(
    private readonly options: ViewerOptions,
    private readonly times: { readonly waitSeconds: number; readonly intervalMs: number },
  ) {
    this.traffic = new HttpClient(options.port);
  }

  async open(): Promise<void> {
    const { position } = await this.#page('limit=1');
    this.#follow(position).catch(this.options.fail);
  }

  async #follow(from: string): Promise<never> {
    const { waitSeconds, intervalMs } = this.times;
    const { phase, hear } = this.options;
    let dueAt = performance.now() + phase * intervalMs;
    for (let after = from; ; dueAt += intervalMs) {
      if (intervalMs > 0) await delay(Math.max(0, dueAt - performance.now()));
      const { messages, position } = await this.#page(`after=${after}&limit=${PAGE_MESSAGES}&wait=${waitSeconds}`);
      hear(messages);
      after = position;
    }
  }

  #page(query: string): Promise<Page> {
    return this.traffic.json<Page>(`/api/rooms/${this.options.room}/messages?${query}`);
  }
}
