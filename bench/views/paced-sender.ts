import { Agent, request } from 'node:http';
import { pace } from '../load/pace.js';

/** Bodies that may be under way at a time: a hub that takes longer is not sent ever more. */
const UNDER_WAY = 16;

export interface SenderOptions {
  readonly url: string;
  readonly contentType: string;
  readonly bodiesPerSecond: number;
  readonly make: () => string;
}

/** Posts bodies at a steady rate over connections that stay open, as shippers do. */
export class PacedSender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: UNDER_WAY });
  readonly #stopPacing: () => void;
  readonly #answers = new Set<Promise<void>>();
  #failure: Error | undefined;

  constructor(private readonly options: SenderOptions) {
    this.#stopPacing = pace(options.bodiesPerSecond, () => this.#post(options.make()));
  }

  /** Resolves when the last body is answered. @throws Error when one was refused, or the hub could not keep up */
  async end(): Promise<void> {
    this.#stopPacing();
    await Promise.all(this.#answers);
    this.#agent.destroy();
    if (this.#failure) throw this.#failure;
  }

  #post(body: string): void {
    const answer = this.#send(body).catch((error: Error) => {
      this.#failure ??= error;
    });
    this.#answers.add(answer);
    void answer.finally(() => this.#answers.delete(answer));
  }

  #send(body: string): Promise<void> {
    const { url, contentType } = this.options;
    const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        const isTaken = (response.statusCode ?? 500) < 300;
        response.once('end', () => (isTaken ? resolve() : reject(new Error(`${response.statusCode}: ${text.slice(0, 200)}`))));
      });
      sent.once('error', reject).end(body);
    });
  }
}
