import { HubError } from '../../shared/errors.js';
import type { Position } from '../../shared/position.js';
import type { HistoryAnswer, PresenceUsers, SubscribeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { HistoryRequest, SubscribeRequest } from '../../shared/schemas.js';
import type { AnswerOf, DataOf, Off, Publication, Room, RoomEvents } from './api.js';
import { type BackoffBounds, backoffMs, type Clock } from './clock.js';
import { Emitter } from './emitter.js';
import { Machine } from './machine.js';
import type { OwnPublication, PublicationSource } from './publication.js';
import { randomId } from './random-id.js';
import { RecentIds } from './recent-ids.js';
import type { Ask, Outcome } from './requests.js';
import {
  type Arrival,
  reduceSession,
  type Session,
  type SessionEffect,
  type SessionEvent,
  type SessionWish,
  startSession,
} from './room-session.js';

/** What a room needs of the hub object that it belongs to. */
export interface RoomContext {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly backoff: BackoffBounds;
  /** Gets another token, or reports that it could not. */
  readonly authenticate: () => Promise<unknown>;
  /** Subscribes on the wire, after what is under way for this room. */
  readonly subscribe: (request: SubscribeRequest) => Promise<Outcome<AnswerOf<'subscribe'>>>;
  readonly publish: (source: PublicationSource) => OwnPublication;
  readonly pending: (room: RoomName) => OwnPublication[];
  readonly sendTyping: (room: RoomName) => void;
  /** The last of a room's subscriptions to be left takes it off the wire. */
  readonly onLeave: (room: RoomSubscription) => void;
}

const TYPING_INTERVAL_MS = 2_000;

/** One subscription with its own cursor: the session's effects made real. */
export class RoomSubscription implements Room {
  readonly name: RoomName;
  readonly ready: Promise<SubscribeAnswer>;
  readonly #context: RoomContext;
  readonly #events = new Emitter<RoomEvents>();
  readonly #machine: Machine<Session, SessionEvent, SessionEffect>;
  readonly #seen = new RecentIds();
  #resolveReady: (answer: SubscribeAnswer) => void = () => {};
  #rejectReady: (error: HubError) => void = () => {};
  /** Rises with each request and each loss of the connection: answers to an earlier one are stale. */
  #request = 0;
  #cancelPause: Off = () => {};
  #typedAt = Number.NEGATIVE_INFINITY;

  constructor(wish: SessionWish, since: Position | undefined, context: RoomContext) {
    this.name = wish.room;
    this.#context = context;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Whoever does not look at `ready` hears of it as `error`.
    this.ready.catch(() => {});
    this.#machine = new Machine(startSession(wish, since), reduceSession, (effect) => this.#perform(effect));
  }

  get position(): Position | undefined {
    return this.#machine.state.cursor;
  }

  get pending(): readonly Publication[] {
    return this.#context.pending(this.name);
  }

  on<Event extends keyof RoomEvents>(event: Event, listener: RoomEvents[Event]): Off {
    return this.#events.on(event, listener);
  }

  publish<Type extends string = 'text'>(
    data: DataOf<unknown, Type>,
    { type, id = randomId() }: { type?: Type; id?: string } = {},
  ): Publication {
    const source = { room: this.name, id, data, createdAt: this.#context.clock.now() };
    return this.#context.publish(type === undefined ? source : { ...source, type });
  }

  async history(query: { before?: Position; after?: Position; limit?: number } = {}): Promise<HistoryAnswer> {
    const request: HistoryRequest = { room: this.name, ...query };
    return unwrap(await this.#context.ask('history', request));
  }

  async presence(page: { limit?: number; cursor?: string } = {}): Promise<{ room: RoomName } & PresenceUsers> {
    return unwrap(await this.#context.ask('presence', { room: this.name, ...page }));
  }

  typing(): void {
    const now = this.#context.clock.now();
    if (now - this.#typedAt < TYPING_INTERVAL_MS) return;
    this.#typedAt = now;
    this.#context.sendTyping(this.name);
  }

  leave(): void {
    if (this.#machine.state.phase.at === 'ended') return;
    this.#stop(new HubError('closing', 'the room was left'));
    this.#context.onLeave(this);
  }

  /** Whether another subscription can be had of what the wire carries for this one: the wire carries a room once, in one form. */
  sharesWire({ view }: SessionWish): boolean {
    const own = this.#machine.state.wish.view;
    return !own?.filter && !view?.filter && JSON.stringify(own) === JSON.stringify(view);
  }

  /** Ends it from outside. */
  end(error: HubError): void {
    this.#events.emit('error', error);
    this.#stop(error);
  }

  online(): void {
    this.#feed({ kind: 'online' });
  }

  offline(): void {
    this.#request++;
    this.#cancelPause();
    this.#feed({ kind: 'offline' });
  }

  /** Asks again: for what can only be had from a new subscription. */
  resubscribe(): void {
    if (this.#machine.state.phase.at === 'live') this.#feed({ kind: 'online' });
  }

  arrive(arrival: Arrival): void {
    this.#feed(arrival);
  }

  /** Events without a place in the log's order. */
  pass<Event extends 'typing' | 'restored'>(event: Event, ...payload: Parameters<RoomEvents[Event]>): void {
    this.#events.emit(event, ...payload);
  }

  #feed(event: SessionEvent): void {
    try {
      this.#machine.feed(event);
    } catch (error) {
      // A position that cannot be read: the event is left out, the subscription lives.
      this.#events.emit('error', error instanceof HubError ? error : new HubError('internal', String(error)));
    }
  }

  #stop(error: HubError): void {
    this.#cancelPause();
    this.#rejectReady(error);
    this.#feed({ kind: 'leave' });
    this.#events.clear();
  }

  #perform(effect: SessionEffect): void {
    if (effect.do === 'subscribe') void this.#subscribe(effect.request);
    else if (effect.do === 'pause') void this.#pause(effect);
    else if (effect.do === 'ready') this.#resolveReady(effect.answer);
    else if (effect.do === 'emit') this.#emit(effect);
    else {
      this.#rejectReady(effect.refusal.error);
      this.#events.emit('error', effect.refusal.error);
      this.#context.onLeave(this);
    }
  }

  #emit({ emission, unlessSeen }: SessionEffect & { do: 'emit' }): void {
    if (unlessSeen !== undefined && this.#seen.has(unlessSeen)) return;
    if (emission.event === 'message') this.#seen.add(emission.payload.id);
    this.#events.emit(emission.event, emission.payload as never);
  }

  async #subscribe(request: SubscribeRequest): Promise<void> {
    const number = ++this.#request;
    const outcome = await this.#context.subscribe(request);
    if (number !== this.#request) return;
    this.#feed(outcome.ok ? { kind: 'answered', answer: outcome.answer } : { kind: 'refused', refusal: outcome.refusal });
  }

  async #pause({ attempts, atLeastMs, authenticate }: SessionEffect & { do: 'pause' }): Promise<void> {
    const { clock, backoff } = this.#context;
    const number = this.#request;
    if (authenticate) await this.#context.authenticate();
    if (number !== this.#request || this.#machine.state.phase.at !== 'paused') return;
    this.#cancelPause();
    this.#cancelPause = clock.schedule(backoffMs(attempts, backoff, clock.random, atLeastMs), () => this.#feed({ kind: 'wake' }));
  }
}

/** @throws HubError as the hub refused it */
export function unwrap<Answer>(outcome: Outcome<Answer>): Answer {
  if (!outcome.ok) throw outcome.refusal.error;
  return outcome.answer;
}
