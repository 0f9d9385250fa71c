import { HubError } from '../../shared/errors.js';
import type { PublishAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { PublishRequest } from '../../shared/schemas.js';
import type { Off } from './api.js';
import { type BackoffBounds, backoffMs } from './clock.js';
import { Machine } from './machine.js';
import { OutboxKeeper, type OutboxKeeperOptions } from './outbox-keeper.js';
import { emptyLane, type Lane, type LaneEffect, type LaneEvent, reduceLane } from './outbox-lane.js';
import { PastMessages } from './past-messages.js';
import { OwnPublication, type PublicationSource } from './publication.js';
import { PublishPace } from './publish-pace.js';
import type { Ask, Outcome } from './requests.js';

export interface OutboxOptions extends OutboxKeeperOptions {
  readonly ask: Ask;
  /** Gets another token, or reports that it could not. */
  readonly authenticate: () => Promise<unknown>;
  readonly backoff: BackoffBounds;
  readonly messages: number;
  /** What the hub allows; 0: any number. */
  readonly publishesPerSecond: number;
  /** A message of an earlier page load was taken up again. */
  readonly onRestored: (publication: OwnPublication) => void;
}

/** Milliseconds of the id window of a hub that does not tell it. */
const LEAST_ID_WINDOW_MS = 300_000;
/** Part of the id window in which a retry is sent: the rest is for its way. */
const SAFE_SHARE = 0.8;
/** Refusals that leave open whether the message is stored. */
const MAY_BE_STORED: ReadonlySet<string> = new Set(['timeout', 'internal']);

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
  readonly #keeper: OutboxKeeper;
  readonly #past: PastMessages;
  #safeMs = SAFE_SHARE * LEAST_ID_WINDOW_MS;
  /** The hub's clock less this one's. */
  #aheadMs = 0;
  #size = 0;
  #user: string | undefined;
  #online = false;
  #restoring: Promise<void> = Promise.resolve();
  #connection = 0;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#pace = new PublishPace(options.publishesPerSecond, options.clock);
    this.#keeper = new OutboxKeeper(options);
    this.#past = new PastMessages(options.ask);
  }

  /** What the hub's welcome says: its clock in milliseconds since 1970, and for how many an id is known. */
  learn(time: number | undefined, idWindowMs = LEAST_ID_WINDOW_MS): void {
    this.#aheadMs = time === undefined ? 0 : time - this.#options.clock.now();
    this.#safeMs = SAFE_SHARE * idWindowMs;
  }

  publish(source: PublicationSource): OwnPublication {
    const publication = new OwnPublication(source, this.#user);
    const refusal = this.#refusal(source);
    if (refusal) {
      publication.fail(refusal);
      return publication;
    }
    this.#add(publication);
    this.#feed(publication.room, { kind: 'put', id: publication.id });
    if (!publication.isPut) void this.#keeper.keep(publication);
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
    this.#past.clear();
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
    await this.#keeper.close();
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
          void this.#keeper.keep(publication);
        } else if (publication.user !== user) {
          this.#feed(publication.room, { kind: 'drop', id: publication.id, error: new HubError('unauthorized', 'another user signed in') });
        }
      }
    }
  }

  async #restore(user: string): Promise<void> {
    const byRoom = new Map<RoomName, OwnPublication[]>();
    for (const entry of await this.#keeper.load()) {
      if (entry.user === user && !this.#slots.get(entry.room)?.publications.has(entry.id) && this.#size < this.#options.messages) {
        const publication = new OwnPublication(entry, user);
        publication.isPut = true;
        publication.keep();
        this.#add(publication);
        byRoom.set(entry.room, [...(byRoom.get(entry.room) ?? []), publication]);
      }
    }
    for (const [room, publications] of byRoom) {
      this.#feed(room, { kind: 'restore', ids: publications.map(({ id }) => id) });
      for (const publication of publications) this.#options.onRestored(publication);
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
    if (publication.user === this.#user) this.#keeper.forget(publication);
    if (settled instanceof HubError) publication.fail(settled);
    else publication.store(settled);
  }

  async #send(publication: OwnPublication, after: string | undefined): Promise<void> {
    const { room, id, type, data } = publication;
    this.#pace.spend();
    const connection = this.#connection;
    const request = (after === undefined ? { room, id, data } : { room, id, after, data }) as PublishRequest;
    const outcome = await this.#attempt(publication, type === 'text' ? request : { ...request, type });
    if (outcome?.ok) return this.#feed(room, { kind: 'stored', id, answer: outcome.answer });
    if (!outcome || connection !== this.#connection) return;
    const { error, retry, retryAfterMs = 0 } = outcome.refusal;
    if (retry === 'after-auth') await this.#options.authenticate();
    if (connection !== this.#connection) return;
    if (error.code === 'rate_limited') this.#pace.slow();
    this.#feed(room, { kind: 'refused', id, error, retry, retryAfterMs });
  }

  /** Undefined: the connection was lost before it went out. */
  async #attempt(publication: OwnPublication, request: PublishRequest): Promise<Outcome<PublishAnswer> | undefined> {
    const { clock, ttlMs, ask } = this.#options;
    const connection = this.#connection;
    if (clock.now() - publication.createdAt > ttlMs) return tooOld();
    const { sentAt, triedAt } = publication;
    if (sentAt !== undefined && this.#hubTime() - sentAt > this.#safeMs) {
      const fate = await this.#past.fateOf({ room: publication.room, id: publication.id, sentAt, triedAt }, this.#hubTime());
      if (fate !== 'not stored') return fate;
      publication.sentAt = undefined;
    }
    const isFirst = publication.sentAt === undefined;
    const marked = isFirst ? this.#mark(publication) : undefined;
    if (marked) await marked;
    if (connection !== this.#connection) return undefined;
    publication.triedAt = this.#hubTime();
    publication.move('sent');
    const outcome = await ask('publish', request);
    // On the connection that it came over, the hub said that it has not stored it.
    if (isFirst && !outcome.ok && connection === this.#connection && !MAY_BE_STORED.has(outcome.refusal.error.code))
      publication.sentAt = undefined;
    return outcome;
  }

  /** One that the store has already goes out once the store knows that it does: else the next start would take it for unsent. */
  #mark(publication: OwnPublication): Promise<void> | undefined {
    const wasPut = publication.isPut;
    publication.sentAt = this.#hubTime();
    const kept = this.#keeper.keep(publication);
    return wasPut ? kept : undefined;
  }

  #hubTime(): number {
    return this.#options.clock.now() + this.#aheadMs;
  }
}

function tooOld(): Outcome<PublishAnswer> {
  return { ok: false, refusal: { error: new HubError('timeout', 'the message waited too long to be sent'), retry: 'never' } };
}
