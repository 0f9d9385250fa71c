import { Agent, get, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Traffic } from './viewer.js';

/** A viewer's requests on one connection that stays open, and what they amount to. */
export class HttpClient implements Traffic {
  requests = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #sockets = new Set<Socket>();

  constructor(private readonly port: number) {}

  get bytes(): number {
    return [...this.#sockets].reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  /** Resolves with the head of the answer. @throws Error when it is no 200 */
  async open(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    this.requests++;
    return new Promise((resolve, reject) => {
      const request = get({ agent: this.#agent, host: '127.0.0.1', port: this.port, path, headers }, (response) => {
        if (response.statusCode === 200) resolve(response.setEncoding('utf8'));
        else reject(new Error(`${path}: status ${response.statusCode}`));
      });
      request.once('socket', (socket) => this.#sockets.add(socket)).once('error', reject);
    });
  }

  async json<Answer>(path: string): Promise<Answer> {
    let text = '';
    for await (const part of await this.open(path)) text += part;
    return JSON.parse(text) as Answer;
  }
}
