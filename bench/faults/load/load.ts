import { setTimeout as delay } from 'node:timers/promises';
import { pace } from '../../load/pace.js';
import { check } from '../check.js';
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

/** Stock publishers of each room, on connections of their own. */
const PUBLISHERS_PER_ROOM = 2;
/** One client in so many goes through the faulty network. */
const FAULTY_EVERY = 4;
const BURST_MESSAGES = 3;
/** For all to be subscribed. */
const OPENING_MS = 60_000;
/** For all to be acknowledged and read in the end. */
const SETTLING_MS = 60_000;
const LOOK_MS = 20;
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
  #heldBack = 0;

  constructor(private readonly options: LoadSettings & LoadAddresses) {
    const { rooms, readers, side, seed } = options;
    const names = Array.from({ length: rooms }, (_, index) => `chat:faults-${seed}-${index}`);
    let clients = 0;
    const urlOf = (room: number, turn: number) => ((room + turn) % FAULTY_EVERY === FAULTY_EVERY - 1 ? options.faultyUrl : options.url);
    for (const [index, room] of names.entries()) {
      const publishers = Array.from({ length: PUBLISHERS_PER_ROOM }, (_, turn) =>
        publishWithStockClient(this.#socket(urlOf(index, turn)), ++clients, room),
      );
      this.#publishers.set(room, publishers);
    }
    for (let reader = 0; reader < readers; reader++) {
      const [index, turn] = [reader % rooms, Math.floor(reader / rooms)];
      const [room, url] = [names[index]!, urlOf(index, turn)];
      if (turn === 0 && side === 'roomcast') this.#addSdkClient(url, `sdk-${reader}`, ++clients, room);
      else this.readers.push(readWithStockClient(this.#socket(url), `stock-${reader}`, room));
    }
    if (side === 'roomcast') this.#jobs = new JobLoad(this.#socket(options.url, { guestKey: JOBS_GUEST }));
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
    const barriers = [...this.#publishers.values()].map(([publisher]) => publisher!.publish());
    await allAcknowledged();
    const stranded = () => this.readers.filter(({ room, values }) => barriers.some((one) => one.room === room && !values.has(one.value)));
    await until(deadline, () => stranded().length === 0);
    const jobs: JobTally = (await this.#jobs?.tally(deadline)) ?? { accepted: 0, done: 0, failed: 0, unknown: 0 };
    const publications = publishers.flatMap((publisher) => publisher.publications);
    const hasLog = this.options.side === 'roomcast';
    const ends = barriers.flatMap(({ room, acked }) => (acked ? [{ room, ...acked.place }] : []));
    const log = hasLog ? (await Promise.all(ends.map(({ room, stream }) => readLog(this.options.url, room, stream)))).flat() : undefined;
    return {
      check: check({ streams: hasLog ? 'one-at-a-time' : 'side-by-side', publications, readers: this.readers, ...(log && { log }) }),
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

  #addSdkClient(url: string, name: string, number: number, room: string): void {
    const { hub, reader, publisher } = openSdkClient(url, name, number, room);
    this.#closers.push(() => hub.close());
    this.readers.push(reader);
    this.#publishers.get(room)!.push(publisher);
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

/** Whether it holds before the deadline. */
async function until(deadline: number, holds: () => boolean): Promise<boolean> {
  for (; !holds(); await delay(LOOK_MS)) if (Date.now() > deadline) return false;
  return true;
}
