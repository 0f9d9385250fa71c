import { HubError } from '../../shared/errors.js';
import type { PublishAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { PublishRequest } from '../../shared/schemas.js';
import type { Off } from './api.js';
import { type BackoffBounds, backoffMs, type Clock } from './clock.js';
import { Machine } from './machine.js';
import { emptyLane, type Lane, type LaneEffect, type LaneEvent, reduceLane } from './outbox-lane.js';
import type { OutboxEntry, OutboxStore } from './outbox-store.js';
import { OwnPublication, type PublicationSource } from './publication.js';
import { PublishPace } from './publish-pace.js';
import type { Ask, Outcome } from './requests.js';

export interface OutboxOptions {
  readonly store: OutboxStore;
  readonly ask: Ask;
  /** Gets another token, or reports that it could not. */
  readonly authenticate: () => Promise<unknown>;
  readonly clock: Clock;
  readonly backoff: BackoffBounds;
  readonly messages: number;
  /** What the hub allows; 0: any number. */
  readonly publishesPerSecond: number;
  readonly ttlMs: number;
  /** What the store failed at. */
  readonly onError: (error: HubError) => void;
  /** A message of an earlier page load was taken up again. */
  readonly onRestored: (publication: OwnPublication) => void;
}

/** A store that does not answer must not hold back what is new. */
const LOAD_TIMEOUT_MS = 5_000;

interface LaneSlot {
  readonly machine: Machine<Lane, LaneEvent, LaneEffect>;
  readonly publications: Map<string, OwnPublication>;
  cancelPause: Off;
}

/** Everything that this hub object publishes: one lane per room, kept in the store until it is stored by the hub. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #slots = new Map<RoomName, LaneSlot>();
  readonly #pace: PublishPace;
  #size = 0;
  #user: string | undefined;
  #online = false;
  #restoring: Promise<void> = Promise.resolve();
  #connection = 0;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#pace = new PublishPace(options.publishesPerSecond, options.clock);
  }

  publish(source: PublicationSource): OwnPublication {
    const publication = new OwnPublication(source, this.#user);
    const refusal = this.#refusal(source);
    if (refusal) {
      publication.fail(refusal);
      return publication;
    }
    this.#add(publication);
    this.#keep(publication);
    this.#feed(publication.room, { kind: 'put', id: publication.id });
    return publication;
  }

  /** A room's unsettled messages, in order. */
  pending(room: RoomName): OwnPublication[] {
    const slot = this.#slots.get(room);
    return slot ? slot.machine.state.items.map(({ id }) => slot.publications.get(id)!) : [];
  }

  /** A connection of `user` is there. What that user left behind earlier goes first. */
  async online(user: string): Promise<void> {
    const connection = ++this.#connection;
    if (user !== this.#user) {
      this.#adopt(user);
      this.#restoring = this.#restoring.then(() => this.#restore(user));
    }
    await this.#restoring;
    if (connection !== this.#connection || this.#closed) return;
    this.#online = true;
    for (const room of [...this.#slots.keys()]) this.#feed(room, { kind: 'online' });
  }

  offline(): void {
    this.#connection++;
    this.#online = false;
    for (const room of [...this.#slots.keys()]) this.#feed(room, { kind: 'offline' });
  }

  /** Gives up on everything here; what the store keeps is there for the next one. */
  async close(): Promise<void> {
    this.#closed = true;
    this.offline();
    const error = new HubError('closing', 'the hub object was closed');
    for (const slot of this.#slots.values()) {
      slot.cancelPause();
      for (const publication of slot.publications.values()) publication.fail(error);
    }
    this.#slots.clear();
    await this.#options.store.close().catch(() => {});
  }

  #refusal({ data, room, id }: PublicationSource): HubError | undefined {
    if (this.#closed) return new HubError('closing', 'the hub object was closed');
    if (data === undefined) return new HubError('invalid', 'a message needs data');
    if (this.#slots.get(room)?.publications.has(id)) return new HubError('invalid', 'a message with this id is waiting already');
    if (this.#size >= this.#options.messages) return new HubError('busy', `${this.#size} messages wait already`);
    return undefined;
  }

  #add(publication: OwnPublication): void {
    const { room } = publication;
    const slot = this.#slots.get(room) ?? this.#open(room);
    slot.publications.set(publication.id, publication);
    this.#size++;
  }

  #open(room: RoomName): LaneSlot {
    const slot: LaneSlot = {
      machine: new Machine<Lane, LaneEvent, LaneEffect>(
        { ...emptyLane, online: this.#online },
        (lane, event) => reduceLane(lane, event, this.#pace.ahead()),
        (effect) => this.#perform(room, slot, effect),
      ),
      publications: new Map(),
      cancelPause: () => {},
    };
    this.#slots.set(room, slot);
    return slot;
  }

  /** Another user than before: what the one before wrote stays in the store for that one, and is never sent as somebody else's. */
  #adopt(user: string): void {
    this.#user = user;
    for (const slot of this.#slots.values()) {
      for (const publication of slot.publications.values()) {
        if (publication.user === undefined) {
          publication.user = user;
          this.#keep(publication);
        } else if (publication.user !== user) {
          this.#feed(publication.room, { kind: 'drop', id: publication.id, error: new HubError('unauthorized', 'another user signed in') });
        }
      }
    }
  }

  async #restore(user: string): Promise<void> {
    const { store, clock, ttlMs, onRestored } = this.#options;
    const entries = await inTime(store.load(), LOAD_TIMEOUT_MS, clock).catch((error) => {
      this.#report(error);
      return [];
    });
    const byRoom = new Map<RoomName, OwnPublication[]>();
    for (const entry of entries) {
      if (clock.now() - entry.createdAt > ttlMs) this.#forget(entry);
      else if (entry.user === user && !this.#slots.get(entry.room)?.publications.has(entry.id) && this.#size < this.#options.messages) {
        const publication = new OwnPublication(entry, user);
        publication.keep();
        this.#add(publication);
        byRoom.set(entry.room, [...(byRoom.get(entry.room) ?? []), publication]);
      }
    }
    for (const [room, publications] of byRoom) {
      this.#feed(room, { kind: 'restore', ids: publications.map(({ id }) => id) });
      for (const publication of publications) onRestored(publication);
    }
  }

  #feed(room: RoomName, event: LaneEvent): void {
    const slot = this.#slots.get(room);
    if (!slot) return;
    if (event.kind === 'offline' || event.kind === 'online') slot.cancelPause();
    slot.machine.feed(event);
    if (slot.publications.size === 0 && this.#slots.get(room) === slot) this.#slots.delete(room);
  }

  #perform(room: RoomName, slot: LaneSlot, effect: LaneEffect): void {
    if (effect.do === 'pause') {
      const waitMs = backoffMs(effect.attempts, this.#options.backoff, this.#options.clock.random, effect.atLeastMs);
      slot.cancelPause();
      slot.cancelPause = this.#options.clock.schedule(waitMs, () => this.#feed(room, { kind: 'wake' }));
      return;
    }
    const publication = slot.publications.get(effect.id);
    if (!publication) return;
    if (effect.do === 'queued') publication.move('queued');
    else if (effect.do === 'send') void this.#send(publication, effect.after);
    else this.#settle(slot, publication, effect.settled);
  }

  #settle(slot: LaneSlot, publication: OwnPublication, settled: PublishAnswer | HubError): void {
    slot.publications.delete(publication.id);
    this.#size--;
    if (publication.user === this.#user) this.#forget(publication);
    if (settled instanceof HubError) publication.fail(settled);
    else publication.store(settled);
  }

  async #send(publication: OwnPublication, after: string | undefined): Promise<void> {
    const { room, id, type, data } = publication;
    publication.move('sent');
    this.#pace.spend();
    const connection = this.#connection;
    const request = (after === undefined ? { room, id, data } : { room, id, after, data }) as PublishRequest;
    const outcome = await this.#attempt(publication, type === 'text' ? request : { ...request, type });
    if (outcome.ok) return this.#feed(room, { kind: 'stored', id, answer: outcome.answer });
    const { error, retry, retryAfterMs = 0 } = outcome.refusal;
    if (retry === 'after-auth') await this.#options.authenticate();
    if (connection !== this.#connection) return;
    if (error.code === 'rate_limited') this.#pace.slow();
    this.#feed(room, { kind: 'refused', id, error, retry, retryAfterMs });
  }

  async #attempt(publication: OwnPublication, request: PublishRequest): Promise<Outcome<PublishAnswer>> {
    const { clock, ttlMs, ask } = this.#options;
    const old = clock.now() - publication.createdAt > ttlMs;
    const error = new HubError('timeout', 'the message waited too long to be sent');
    return old ? { ok: false, refusal: { error, retry: 'never' } } : ask('publish', request);
  }

  #keep(publication: OwnPublication): void {
    const { room, id, type, data, user, createdAt } = publication;
    if (user === undefined) return;
    const entry: OutboxEntry = type === 'text' ? { room, id, data, user, createdAt } : { room, id, type, data, user, createdAt };
    this.#options.store.put(entry).then(
      () => publication.keep(),
      (error) => publication.keep(this.#report(error)),
    );
  }

  #forget({ room, id }: Pick<OutboxEntry, 'room' | 'id'>): void {
    this.#options.store.remove({ room, id }).catch((error) => this.#report(error));
  }

  #report(error: unknown): HubError {
    const failure = new HubError('internal', `the outbox store failed: ${error instanceof Error ? error.message : String(error)}`);
    this.#options.onError(failure);
    return failure;
  }
}

function inTime<Value>(work: Promise<Value>, ms: number, clock: Clock): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => reject(new Error(`no answer within ${ms} ms`)));
    work.then(resolve, reject).finally(cancel);
  });
}
