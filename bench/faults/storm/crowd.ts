import { setTimeout as delay } from 'node:timers/promises';
import { keepTrying } from '../../../server/jobs/keep-trying.js';
import { HubError } from '../../../shared/errors.js';
import { pace } from '../../load/pace.js';
import { placeIn } from '../load/places.js';
import { seeded } from '../schedule.js';
import { RawClient } from './raw-client.js';
import { type StormFigures, Tally } from './tally.js';

export interface CrowdSettings {
  /** Clients take these in turn. */
  readonly urls: readonly string[];
  readonly clients: number;
  readonly rooms: number;
  readonly seed: number;
  /** Tells apart the guests of two crowds. */
  readonly name: string;
}

/** What a process of clients can be asked. */
export interface CrowdCalls {
  /** Resolves when all are subscribed. */
  open(input: CrowdSettings): Promise<void>;
  /** The first client of each room publishes in turn. */
  publish(input: { perSecond: number }): Promise<void>;
  /** Publishes one last message in each room, and resolves with the seq of it, by room. */
  end(input: object): Promise<number[]>;
  /** Clients that are not back yet. */
  away(input: object): Promise<number>;
  /** Waits for the last message of each room. */
  figures(input: {
    heads: readonly number[];
    killedAtMs: number;
    untilMs: number;
    waitMs: number;
  }): Promise<StormFigures & { stranded: number }>;
}

/** Clients behind one address: an office, not a flood. */
const CLIENTS_PER_ADDRESS = 20;
const CONNECTING = 100;
const LOOK_MS = 50;
const OPEN_MS = 120_000;

export class Crowd implements CrowdCalls {
  readonly #tally = new Tally();
  readonly #clients: RawClient[] = [];
  readonly #acknowledged: Promise<unknown>[] = [];
  #rooms = 0;
  #published = 0;
  #name = '';
  #stop = () => {};

  async open({ urls, clients, rooms, seed, name }: CrowdSettings): Promise<void> {
    this.#rooms = rooms;
    this.#name = name;
    const random = seeded(seed);
    for (let number = 0; number < clients; number++) {
      const client = new RawClient({
        url: urls[number % urls.length]!,
        address: addressOf(number),
        guestKey: `${name}${seed}x${number}x`.padEnd(24, '0'),
        room: `chat:storm-${seed}-${number % rooms}`,
        tally: this.#tally,
        random,
      });
      this.#clients.push(client);
      client.connect();
      if (this.#clients.length % CONNECTING === 0) await this.#allBack(OPEN_MS);
    }
    if (!(await this.#allBack(OPEN_MS))) throw new Error(`${await this.away()} of ${clients} clients cannot connect`);
  }

  async publish({ perSecond }: { perSecond: number }): Promise<void> {
    this.#stop = pace(perSecond, () => {
      const acknowledged = this.publishOnce();
      // The end asks for what became of it.
      acknowledged.catch(() => undefined);
      this.#acknowledged.push(acknowledged);
    });
  }

  /** Publishes one message into the next room. @throws HubError when it is refused for longer than it tries */
  async publishOnce(): Promise<void> {
    await this.#publishInto(this.#published % this.#rooms);
  }

  async end(): Promise<number[]> {
    this.#stop();
    await Promise.all(this.#acknowledged);
    return Promise.all(Array.from({ length: this.#rooms }, (_, room) => this.#publishInto(room)));
  }

  async away(): Promise<number> {
    return this.#clients.filter(({ caughtUp }) => !caughtUp).length;
  }

  async figures({ heads, killedAtMs, untilMs, waitMs }: Parameters<CrowdCalls['figures']>[0]) {
    const stranded = () => this.#clients.filter(({ seq }, number) => seq !== heads[number % this.#rooms]).length;
    for (const deadline = Date.now() + waitMs; stranded() > 0 && Date.now() < deadline; ) await delay(LOOK_MS);
    const figures = { ...this.#tally.figures(killedAtMs, untilMs), stranded: stranded() };
    for (const client of this.#clients) client.close();
    return figures;
  }

  /** Gives its seq. @throws HubError when it is refused for longer than it tries */
  async #publishInto(room: number): Promise<number> {
    const [data, id] = [{ atMs: this.#tally.now() }, `${this.#name}-${this.#published++}`];
    // A disk that is slow for a moment is not what is looked at here, and the id makes the repetition harmless.
    return keepTrying(async () => {
      const answer = await this.#clients[room]!.publish(data, id);
      if (!answer.ok) throw new HubError(answer.error.code, `publish: ${answer.error.message}`);
      return placeIn(answer.position).seq;
    });
  }

  async #allBack(waitMs: number): Promise<boolean> {
    for (const deadline = Date.now() + waitMs; Date.now() < deadline; await delay(2)) {
      if (this.#clients.every(({ caughtUp }) => caughtUp)) return true;
    }
    return false;
  }
}

function addressOf(number: number): string {
  const address = Math.floor(number / CLIENTS_PER_ADDRESS);
  return `127.0.${1 + Math.floor(address / 200)}.${1 + (address % 200)}`;
}
