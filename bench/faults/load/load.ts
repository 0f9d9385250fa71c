import { pace } from '../../load/pace.js';
import { check } from '../check.js';
import type { Histories, Publication } from '../history.js';
import { type FaultRecord, timesToRecover } from '../recovery.js';
import type { JobTally, LoadAddresses, LoadSettings, Verdict } from './calls.js';
import { JobLoad } from './job-load.js';
import { openLastingSocket } from './lasting-socket.js';
import { OPEN_AT_MOST, type Publisher } from './publisher.js';
import type { Reader } from './reader.js';
import { readLog } from './room-log.js';
import { openSdkClient } from './sdk-client.js';
import { publishWithStockClient } from './stock-publisher.js';
import { readWithStockClient } from './stock-reader.js';
import { until } from './until.js';

/** Stock publishers of each room, on connections of their own. */
const PUBLISHERS_PER_ROOM = 2;
/** One client in so many goes through the faulty network. */
const FAULTY_EVERY = 4;
const BURST_MESSAGES = 3;
/** For all to be subscribed. */
const OPENING_MS = 60_000;
/** For all to be acknowledged and read in the end. */
const SETTLING_MS = 60_000;
/** Jobs are told to their owner only: over all its connections it must be the same guest. */
const JOBS_GUEST = 'ownerOfTheFaultBenchJobs';

/** All clients of a run, and what they lived through. */
export class Load {
  readonly readers: Reader[] = [];
  readonly #publishers = new Map<string, Publisher[]>();
  readonly #closers: (() => unknown)[] = [];
  readonly #jobs: JobLoad | undefined;
  #stopPace: () => void = () => {};
  #turns = 0;
  /** Publishers so far. */
  #numbers = 0;
  #heldBack = 0;

  constructor(private readonly options: LoadSettings & LoadAddresses) {
    const { rooms, readers, side, url } = options;
    for (let room = 0; room < rooms; room++) for (let turn = 0; turn < PUBLISHERS_PER_ROOM; turn++) this.#addPublisher(room, turn);
    for (let reader = 0; reader < readers; reader++) this.#addReader(reader);
    if (side === 'roomcast') this.#jobs = new JobLoad(this.#socket(url, { guestKey: JOBS_GUEST }));
  }

  /** Resolves when every reader is subscribed. */
  async ready(): Promise<void> {
    const waiting = () => this.readers.filter(({ events }) => events.length === 0).length;
    if (!(await until(Date.now() + OPENING_MS, () => waiting() === 0))) throw new Error(`${waiting()} readers could not subscribe`);
  }

  start(): void {
    this.#stopPace = pace(this.options.perSecond, () => this.#publishNext());
    this.#jobs?.start();
  }

  burst(bytes: number): void {
    const pad = 'x'.repeat(bytes);
    for (const [publisher] of this.#publishers.values()) {
      for (let message = 0; message < BURST_MESSAGES; message++) if (publisher!.waiting() < OPEN_AT_MOST) publisher!.publish(pad);
    }
  }

  async finish(faults: readonly FaultRecord[]): Promise<Verdict> {
    this.#stopPace();
    this.#jobs?.stop();
    const deadline = Date.now() + SETTLING_MS;
    const publishers = [...this.#publishers.values()].flat();
    const allAcknowledged = () => until(deadline, () => publishers.every((publisher) => publisher.waiting() === 0));
    await allAcknowledged();
    const lastOnes = [...this.#publishers.values()].map(([publisher]) => publisher!.publish());
    await allAcknowledged();
    const stranded = () => this.readers.filter(({ room, values }) => lastOnes.some((one) => one.room === room && !values.has(one.value)));
    await until(deadline, () => stranded().length === 0);
    const jobs: JobTally = (await this.#jobs?.tally(deadline)) ?? { accepted: 0, done: 0, failed: 0, unknown: 0 };
    const publications = publishers.flatMap((publisher) => publisher.publications);
    return {
      check: check({ publications, readers: this.readers, ...(await this.#order(lastOnes)) }),
      heldBack: this.#heldBack,
      stranded: stranded().map(({ reader, room }) => `${reader} in ${room}`),
      recoveries: timesToRecover(faults, publications, this.readers),
      jobs,
    };
  }

  close(): void {
    this.#stopPace();
    this.#jobs?.stop();
    for (const close of this.#closers.splice(0)) close();
  }

  #socket(url: string, auth?: { guestKey: string }) {
    const socket = openLastingSocket(url, auth);
    this.#closers.push(() => socket.disconnect());
    return socket;
  }

  #addPublisher(room: number, turn: number): void {
    const name = this.#nameOf(room);
    const publisher = publishWithStockClient(this.#socket(this.#urlOf(room, turn)), ++this.#numbers, name);
    this.#publishers.set(name, [...(this.#publishers.get(name) ?? []), publisher]);
  }

  /** The first reader of each room is the SDK, which publishes too. */
  #addReader(number: number): void {
    const { rooms, side } = this.options;
    const [room, turn] = [number % rooms, Math.floor(number / rooms)];
    const [name, url] = [this.#nameOf(room), this.#urlOf(room, turn)];
    if (turn > 0 || side === 'control') {
      this.readers.push(readWithStockClient(this.#socket(url), `stock-${number}`, name));
      return;
    }
    const { hub, reader, publisher } = openSdkClient(url, `sdk-${number}`, ++this.#numbers, name);
    this.#closers.push(() => hub.close());
    this.readers.push(reader);
    this.#publishers.get(name)!.push(publisher);
  }

  #nameOf(room: number): string {
    return `chat:faults-${this.options.seed}-${room}`;
  }

  #urlOf(room: number, turn: number): string {
    const { url, faultyUrl } = this.options;
    return (room + turn) % FAULTY_EVERY === FAULTY_EVERY - 1 ? faultyUrl : url;
  }

  /** What the order is to be judged by: the log that the last messages stand in, where there is one. */
  async #order(lastOnes: readonly Publication[]): Promise<Pick<Histories, 'streams' | 'log'>> {
    if (this.options.side === 'control') return { streams: 'side-by-side' };
    const logs = lastOnes.map(({ room, acked }) => (acked ? readLog(this.options.url, room, acked.place.stream) : []));
    return { streams: 'one-at-a-time', log: (await Promise.all(logs)).flat() };
  }

  /** The next room's turn, and in it the next publisher's that has not too much open. */
  #publishNext(): void {
    const turn = this.#turns++;
    const publishers = [...this.#publishers.values()][turn % this.#publishers.size]!;
    const first = Math.floor(turn / this.#publishers.size);
    const free = publishers.map((_, index) => publishers[(first + index) % publishers.length]!).find((one) => one.waiting() < OPEN_AT_MOST);
    if (free) free.publish();
    else this.#heldBack++;
  }
}
