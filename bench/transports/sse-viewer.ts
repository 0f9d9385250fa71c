import type { Message } from '../../shared/protocol.js';
import { HttpClient } from './http-client.js';
import type { Viewer, ViewerOptions } from './viewer.js';

/** Follows a room as an event stream. */
export class SseViewer implements Viewer {
  readonly #http: HttpClient;
  #rest = '';

  constructor(private readonly options: ViewerOptions) {
    this.#http = new HttpClient(options.port);
  }

  get bytes(): number {
    return this.#http.bytes;
  }

  get requests(): number {
    return this.#http.requests;
  }

  async open(): Promise<void> {
    const stream = await this.#http.open(`/api/rooms/${this.options.room}/events`);
    stream.once('close', () => this.options.fail(new Error('an event stream ended')));
    // The first event says where the stream begins.
    await new Promise<void>((resolve) => stream.on('data', (text: string) => this.#read(text) > 0 && resolve()));
  }

  /** Gives the number of events that are whole now. */
  #read(text: string): number {
    const events = (this.#rest + text).split('\n\n');
    this.#rest = events.pop()!;
    for (const event of events) {
      const [, data] = /^event: message\n(?:id: .*\n)?data: (.*)$/m.exec(event) ?? [];
      if (data !== undefined) this.options.hear([JSON.parse(data) as Message]);
    }
    return events.length;
  }
}
