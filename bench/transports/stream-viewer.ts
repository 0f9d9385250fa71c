import type { Message } from '../../shared/protocol.js';
import { HttpClient } from './http-client.js';
import type { Viewer, ViewerOptions } from './viewer.js';

/** How a stream of events is asked for and taken apart. */
export interface StreamForm {
  readonly accept: string;
  /** What ends an event. */
  readonly end: string;
  /** The JSON of an event's message, where it is one. */
  messageOf(event: string): Message | undefined;
}

export const eventStream: StreamForm = {
  accept: 'text/event-stream',
  end: '\n\n',
  messageOf(event) {
    const [, data] = /^event: message\n(?:id: .*\n)?data: (.*)$/m.exec(event) ?? [];
    return data === undefined ? undefined : (JSON.parse(data) as Message);
  },
};

export const ndjson: StreamForm = {
  accept: 'application/x-ndjson',
  end: '\n',
  messageOf(line) {
    const { event, data } = JSON.parse(line) as { event: string; data: Message };
    return event === 'message' ? data : undefined;
  },
};

/** Follows a room on an answer that stays open. */
export class StreamViewer implements Viewer {
  readonly traffic: HttpClient;
  #rest = '';

  constructor(
    private readonly options: ViewerOptions,
    private readonly form: StreamForm,
  ) {
    this.traffic = new HttpClient(options.port);
  }

  async open(): Promise<void> {
    const stream = await this.traffic.open(`/api/rooms/${this.options.room}/events`, { Accept: this.form.accept });
    stream.once('close', () => this.options.fail(new Error('a stream of events ended')));
    // The first event says where the stream begins.
    await new Promise<void>((resolve) => stream.on('data', (text: string) => this.#read(text) > 0 && resolve()));
  }

  /** Gives the number of events that are whole now. */
  #read(text: string): number {
    const events = (this.#rest + text).split(this.form.end);
    this.#rest = events.pop()!;
    for (const event of events) {
      const message = this.form.messageOf(event);
      if (message !== undefined) this.options.hear([message]);
    }
    return events.length;
  }
}
