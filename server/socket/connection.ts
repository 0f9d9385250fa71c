import type { Event } from 'socket.io';
import { HubError, toWireError } from '../../shared/errors.js';
import { PROTOCOL_VERSION } from '../../shared/protocol.js';
import type { Principal } from '../auth/principal.js';
import type { SlowCandidate, SlowConsumers, SlowTally } from '../delivery/slow-consumers.js';
import { unsentBytes } from '../delivery/unsent.js';
import { type AckFunction, type OnFault, parsePayload, Reply, refuse, splitAck } from './answer.js';
import { type EventHandler, type EventHandlers, REPLIES } from './event-handler.js';
import { Subscriptions, type SubscriptionsOptions } from './subscriptions.js';
import type { ConnectionLimits, HubSocket, PrincipalHolder } from './types.js';

export interface ConnectionOptions extends SubscriptionsOptions {
  handlers: EventHandlers;
  slow: Pick<SlowConsumers, 'watch' | 'unwatch' | 'full'> & SlowTally;
  /** @throws HubError `too_deep`, `too_large`, `invalid` */
  checkPayload(payload: unknown): void;
  onFault: OnFault;
  onEvent(event: string): void;
  /** Milliseconds for which an id is known at least. */
  idWindowMs: number;
}

/** Longest delay that a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One socket's life: every event passes its limits and checks, then its handler, and is answered. */
export class Connection implements PrincipalHolder, SlowCandidate {
  /** Made with the first room: many sockets are in none for long. */
  #subscriptions: Subscriptions | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #isWatched = false;

  constructor(
    readonly socket: HubSocket,
    public principal: Principal,
    private readonly limits: ConnectionLimits,
    private readonly options: ConnectionOptions,
  ) {}

  get subscriptions(): Subscriptions {
    this.#subscriptions ??= new Subscriptions(this.socket, this, this.options);
    return this.#subscriptions;
  }

  /** Rooms that it is in. */
  get subscribed(): number {
    return this.#subscriptions?.size ?? 0;
  }

  start(): void {
    const { socket, options } = this;
    // Bound: half as large as a closure and its context, which each connection would keep.
    socket.use(this.#check.bind(this));
    options.slow.watch(this);
    this.#isWatched = true;
    this.#watchExpiry();
    const { user, expiresAt } = this.principal;
    const { idWindowMs } = options;
    socket.emit('welcome', {
      protocol: PROTOCOL_VERSION,
      user,
      time: Date.now(),
      idWindowMs,
      ...(expiresAt !== undefined && { expiresAt }),
    });
  }

  /** In the turn in which the client is told that it is connected: rooms that it came back to speak from here on. */
  begin(): void {
    this.#subscriptions?.begin();
  }

  /** Checks and answers an event of the hub's, or of `hub.handle`. */
  receive(event: string, handler: EventHandler, payload: readonly unknown[], ack: AckFunction | undefined): void {
    if (this.#admit(event, payload, ack)) this.#answer(event, handler, payload, ack);
  }

  /** Answers one that the socket's middleware has checked. */
  take(event: string, handler: EventHandler, args: readonly unknown[]): void {
    const { payload, ack } = splitAck(args);
    this.#answer(event, handler, payload, ack);
  }

  #check([event, ...args]: Event, next: () => void): void {
    const { payload, ack } = splitAck(args);
    if (this.#admit(event, payload, ack)) next();
  }

  #admit(event: string, payload: readonly unknown[], ack: AckFunction | undefined): boolean {
    const { socket, options } = this;
    try {
      this.limits.take('event');
      for (const part of payload) options.checkPayload(part);
      if (!this.#isKnown(event)) throw new HubError('unknown_event', `no event ${JSON.stringify(String(event).slice(0, 64))}`);
      options.onEvent(event);
      return true;
    } catch (error) {
      refuse(socket, event, ack, error, options.onFault);
      return false;
    }
  }

  #answer(event: string, handler: EventHandler, payload: readonly unknown[], ack: AckFunction | undefined): void {
    const { socket, principal, options } = this;
    const reply = new Reply(socket, event, ack, options.onFault);
    try {
      if (!ack && handler.ack === 'required') throw new HubError('missing_ack', `${event} needs an acknowledgement callback`);
      if (handler.costs === 'publish') this.limits.take('publish');
      const given = handler.run({ data: parsePayload(handler.schema, payload), connection: this, socket, principal, reply });
      if (given !== REPLIES) reply.take(given);
    } catch (thrown) {
      reply.fail(thrown);
    }
  }

  /** Takes another token's principal for the same user. */
  async refresh(principal: Principal): Promise<void> {
    if (principal.user.id !== this.principal.user.id) throw new HubError('forbidden', 'the token is of another user; connect again');
    this.principal = principal;
    this.#watchExpiry();
    await this.subscriptions.recheck();
  }

  unsentBytes(enough: number): number {
    return unsentBytes(this.socket, enough);
  }

  holdBack(): void {
    this.options.slow.full(this);
  }

  hold(): void {
    this.subscriptions.hold();
  }

  release(): void {
    this.#subscriptions?.release();
  }

  cut(): void {
    const { socket } = this;
    socket.disconnect(true);
    // Else engine.io keeps what waits for it until its heartbeat is missed.
    (socket.conn as unknown as { close(discard: true): void }).close(true);
  }

  close(): void {
    clearTimeout(this.#expiry);
    if (this.#isWatched) this.options.slow.unwatch(this);
    this.subscriptions.close();
  }

  #isKnown(event: string): boolean {
    return this.socket.listenerCount(event as never) > 0 || this.socket.listenersAny().length > 0;
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const { expiresAt } = this.principal;
    if (expiresAt === undefined) return;
    this.#expiry = setTimeout(() => this.#expire(), Math.min(Math.max(expiresAt - Date.now(), 0), MAX_TIMER_MS)).unref();
  }

  #expire(): void {
    if ((this.principal.expiresAt ?? 0) > Date.now()) {
      this.#watchExpiry();
      return;
    }
    const expired = new HubError('unauthorized', 'the token has expired');
    this.options.onFault('expiry', expired);
    this.socket.emit('notice', { kind: 'closing', error: toWireError(expired) });
    this.socket.disconnect(true);
  }
}
