import { HubError } from '../../shared/errors.js';
import { LIMITS } from '../../shared/limits.js';
import type { Position } from '../../shared/position.js';
import type { JobState, User, Welcome } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type {
  AcknowledgedEvent,
  AnswerOf,
  ConnectOptions,
  Hub,
  HubEvents,
  HubSocket,
  HubState,
  Job,
  LogOptions,
  LogRoom,
  MetricOptions,
  MetricRoom,
  Off,
  RequestOf,
  Room,
  RoomOptions,
  RunOptions,
} from './api.js';
import type { BackoffBounds, Clock } from './clock.js';
import { Connection } from './connection.js';
import { Credentials } from './credentials.js';
import { Emitter } from './emitter.js';
import { FollowedJob, type JobContext, runJob } from './job.js';
import { LogSubscription } from './log-room.js';
import { MetricSubscription } from './metric-room.js';
import { Outbox } from './outbox.js';
import type { OutboxStore } from './outbox-store.js';
import { askPatiently } from './patience.js';
import { randomId } from './random-id.js';
import { type Ask, askUntyped, createAsk, type Outcome, type Wire } from './requests.js';
import { RoomSubscription, unwrap } from './room.js';
import { RoomRegistry } from './room-registry.js';
import type { SessionWish } from './room-session.js';
import { leaveWhenSilent } from './silence.js';

const DEFAULTS = { answerTimeoutMs: 10_000, connectTimeoutMs: 20_000, outboxMessages: 1_000, outboxTtlMs: 24 * 60 * 60_000, last: 50 };

/** Puts the parts together: one connection, its credentials, the rooms on it and the outbox. */
export class HubClient implements Hub {
  readonly socket: HubSocket;
  readonly #clock: Clock;
  readonly #backoff: BackoffBounds;
  readonly #wire: Wire;
  readonly #events = new Emitter<HubEvents>();
  readonly #ask: Ask;
  readonly #credentials: Credentials;
  readonly #connection: Connection;
  readonly #rooms: RoomRegistry;
  readonly #outbox: Outbox;
  #user: User | undefined;

  constructor(socket: HubSocket, store: OutboxStore, clock: Clock, options: ConnectOptions) {
    this.socket = socket;
    this.#clock = clock;
    this.#backoff = { baseMs: options.io?.reconnectionDelay ?? 500, maxMs: options.io?.reconnectionDelayMax ?? 5_000 };
    this.#wire = {
      socket,
      answerTimeoutMs: options.answerTimeoutMs ?? DEFAULTS.answerTimeoutMs,
      renewable: typeof options.token === 'function',
    };
    this.#ask = createAsk(this.#wire);
    this.#credentials = new Credentials({ connect: options, ask: this.#ask, clock, backoff: this.#backoff, onError: this.#report });
    this.#outbox = this.#createOutbox(store, options);
    this.#connection = this.#createConnection(options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs);
    this.#rooms = new RoomRegistry(leaveWhenSilent(this.#ask, this.#connection));
    this.#rooms.listen(socket);
    socket.on('notice', (notice) => this.#events.emit('notice', notice));
    this.#connection.start();
  }

  get state(): HubState {
    return this.#connection.state;
  }

  get user(): User | undefined {
    return this.#user;
  }

  on<Event extends keyof HubEvents>(event: Event, listener: HubEvents[Event]): Off {
    return this.#events.on(event, listener);
  }

  room<Data = unknown>(room: RoomName, { last = DEFAULTS.last, maxHz, since }: RoomOptions = {}): Room<Data> {
    return this.#open(maxHz === undefined ? { room, last } : { room, last, maxHz }, since) as Room<never> as Room<Data>;
  }

  metrics(room: RoomName, { maxHz, ...view }: MetricOptions = {}): MetricRoom {
    const wish: SessionWish = { room, anew: true, ...(Object.keys(view).length > 0 && { view: view as SessionWish['view'] & object }) };
    return new MetricSubscription(this.#open(maxHz === undefined ? wish : { ...wish, maxHz }));
  }

  logs(room: RoomName, options: LogOptions = {}): LogRoom {
    return new LogSubscription(room, options, (wish, since, instead) => this.#open(wish, since, instead));
  }

  async request<Event extends AcknowledgedEvent>(event: Event, payload: RequestOf<Event>): Promise<AnswerOf<Event>> {
    return unwrap(await this.#askRenewing(() => this.#ask(event, payload)));
  }

  async call<Answer = unknown>(event: string, payload: unknown): Promise<Answer> {
    return unwrap(await this.#askRenewing(() => askUntyped(this.#wire, event, payload))) as Answer;
  }

  run<Result = unknown>(name: string, input: unknown, options: RunOptions = {}): Promise<Result> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason);
    return runJob<Result>(() => this.#submit<Result>(name, input, options), options);
  }

  submit<Result = unknown>(name: string, input: unknown, options: { key?: string } = {}): Promise<Job<Result>> {
    return this.#submit(name, input, options);
  }

  job<Result = unknown>(jobId: string): Job<Result> {
    return new FollowedJob<Result>(jobId, this.#jobContext);
  }

  async jobs(query: { state?: 'failed'; limit?: number } = {}): Promise<JobState[]> {
    return (await askPatiently(this.#jobContext, 'job:list', query)).jobs;
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.#outbox.close();
  }

  /** An id of its own makes a submission whose answer was lost harmless to repeat. */
  async #submit<Result>(name: string, input: unknown, { key, signal }: RunOptions): Promise<Job<Result>> {
    const joins = key === undefined ? { id: randomId() } : { key };
    const state = await askPatiently(this.#jobContext, 'job:submit', { name, input, ...joins }, signal);
    return new FollowedJob<Result>(state.jobId, this.#jobContext, state);
  }

  get #jobContext(): JobContext {
    return {
      ask: this.#ask,
      clock: this.#clock,
      backoff: this.#backoff,
      whenOnline: () => this.#whenOnline(),
      authenticate: () => this.#credentials.renew(),
      request: (event, payload) => this.request(event, payload),
      openRoom: (room) => this.#open({ room, last: 1 }),
    };
  }

  /** @param instead the subscription whose place it takes */
  #open(wish: SessionWish, since?: Position, instead?: RoomSubscription): RoomSubscription {
    const room = new RoomSubscription(wish, since, {
      ask: (event, payload) => this.#askRenewing(() => this.#ask(event, payload)),
      clock: this.#clock,
      backoff: this.#backoff,
      authenticate: () => this.#credentials.renew(),
      subscribe: (request) => this.#rooms.subscribe(wish.room, request),
      publish: (source) => this.#outbox.publish(source),
      pending: (name) => this.#outbox.pending(name),
      sendTyping: (name) => this.#sendTyping(name),
      onLeave: (left) => this.#rooms.remove(left),
    });
    if (this.state === 'closed') room.end(closedError());
    else if (this.#rooms.of(wish.room).some((other) => other !== instead && !other.sharesWire(wish))) room.end(otherViewError(wish.room));
    else {
      this.#rooms.add(room);
      if (this.state === 'online') room.online();
    }
    return room;
  }

  #sendTyping(room: RoomName): void {
    if (this.socket.connected) this.socket.volatile.emit('typing', { room });
  }

  /** One more try with another token where the token was what was wrong. */
  async #askRenewing<Answer>(ask: () => Promise<Outcome<Answer>>): Promise<Outcome<Answer>> {
    const outcome = await ask();
    if (outcome.ok || outcome.refusal.retry !== 'after-auth') return outcome;
    await this.#credentials.renew();
    return ask();
  }

  #whenOnline(): Promise<void> {
    if (this.state === 'online') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (state: HubState) => {
        if (state === 'online') resolve();
        else if (state === 'closed') reject(closedError());
        else return;
        off();
      };
      const off = this.#events.on('state', settle);
      settle(this.state);
    });
  }

  #createOutbox(store: OutboxStore, options: ConnectOptions): Outbox {
    return new Outbox({
      store,
      ask: this.#ask,
      authenticate: () => this.#credentials.renew(),
      clock: this.#clock,
      backoff: this.#backoff,
      messages: options.outboxMessages ?? DEFAULTS.outboxMessages,
      publishesPerSecond: options.publishesPerSecond ?? LIMITS.publishesPerSecond,
      ttlMs: options.outboxTtlMs ?? DEFAULTS.outboxTtlMs,
      onError: this.#report,
      onRestored: (publication) => {
        for (const room of this.#rooms.of(publication.room)) room.pass('restored', publication);
      },
    });
  }

  #createConnection(connectTimeoutMs: number): Connection {
    return new Connection({
      socket: this.socket,
      clock: this.#clock,
      backoff: this.#backoff,
      connectTimeoutMs,
      renewable: this.#wire.renewable,
      handshake: () => this.#credentials.handshake(),
      onState: (state) => this.#moved(state),
      onWelcome: (welcome) => this.#welcomed(welcome),
      onError: this.#report,
    });
  }

  #welcomed({ user, expiresAt, idWindowMs, time }: Welcome): void {
    this.#outbox.learn(time, idWindowMs);
    const known = this.#user?.id === user.id && this.#user.name === user.name;
    this.#user = user;
    this.#credentials.keepFresh(expiresAt);
    if (!known) this.#events.emit('user', user);
  }

  #moved(state: HubState): void {
    if (state === 'online') {
      this.#rooms.online();
      void this.#outbox.online(this.#user!.id);
    } else {
      this.#credentials.stop();
      this.#outbox.offline();
      if (state === 'closed') this.#rooms.end(closedError());
      else this.#rooms.offline();
    }
    this.#events.emit('state', state);
  }

  readonly #report = (error: HubError): void => {
    this.#events.emit('error', error);
  };
}

function otherViewError(room: RoomName): HubError {
  return new HubError('invalid', `this connection sees ${room} in another way already: leave that first, or open another connection`);
}

function closedError(): HubError {
  return new HubError('closing', 'the hub object was closed');
}
