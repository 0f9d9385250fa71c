import { createServer } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { HubError, toWireError } from '../../shared/errors.js';
import { formatPosition, type Position, parsePosition } from '../../shared/position.js';
import type {
  Ack,
  ClientToServerEvents,
  Frame,
  JobState,
  Message,
  MetricSnapshot,
  Notice,
  ServerToClientEvents,
  SubscribeAnswer,
  User,
} from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { PublishRequest, SubscribeRequest } from '../../shared/schemas.js';
import { waitFor } from './wait.js';

interface SmallRoom {
  epoch: string;
  /** seq of the first kept message minus 1. */
  trimmed: number;
  log: Message[];
}
type Connection = Socket<ClientToServerEvents, ServerToClientEvents, Record<never, never>, { user: User }>;
type AnyAck = (ack: Ack<object>) => void;
type Fault = 'refuse' | 'lose-request' | 'lose-answer';

/**
 * The protocol's least hub, on a real Socket.IO server, with faults on demand: what the client is tested against where the real hub
 * would not misbehave. It stores everything in memory and checks nothing.
 */
export class SmallHub {
  readonly http = createServer();
  readonly io = new Server<ClientToServerEvents, ServerToClientEvents, Record<never, never>, { user: User }>(this.http, {
    pingInterval: 500,
    pingTimeout: 500,
  });
  readonly rooms = new Map<RoomName, SmallRoom>();
  readonly jobs = new Map<string, JobState>();
  /** Every request that came, faults included. */
  readonly requests: { event: string; payload: unknown }[] = [];
  /** Tokens of the handshakes and refreshes, in order. */
  readonly tokens: (string | undefined)[] = [];
  metrics: MetricSnapshot | undefined;
  /** Milliseconds from each welcome or refresh to the token's end. */
  tokenTtlMs: number | undefined;
  /** Milliseconds after which a message's id is not known any more. */
  idWindowMs = 600_000;
  /** Runs while a subscription is being answered, before its acknowledgement goes out. */
  beforeSubscribed: (room: RoomName) => void = () => {};
  refuseConnections: HubError | undefined;
  readonly #faults: { event: string; fault: Fault; error: HubError }[] = [];
  readonly #tcp = new Set<TcpSocket>();
  #epochs = 0;

  constructor() {
    this.http.on('connection', (socket) => {
      this.#tcp.add(socket);
      socket.once('close', () => this.#tcp.delete(socket));
    });
    this.io.use((_socket, next) => {
      const error = this.refuseConnections;
      if (!error) return next();
      next(Object.assign(new Error(error.code), { data: { error: toWireError(error) } }));
    });
    this.io.on('connection', (socket) => this.#accept(socket));
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = this.io.close();
    this.cut();
    await closed;
  }

  /** Breaks every connection as a network does: without a word. */
  cut(): void {
    for (const socket of this.#tcp) socket.destroy();
  }

  /** Cuts every connection, lets nobody back in, and runs `during` when all are gone. */
  async whileAway(during: () => void): Promise<void> {
    this.refuseConnections = new HubError('closing');
    this.cut();
    await waitFor(() => this.io.of('/').sockets.size === 0, { what: 'all connections to be gone' });
    during();
    this.refuseConnections = undefined;
  }

  /** The next `times` requests of this event meet the fault. */
  fail(event: string, fault: Fault, error = new HubError('unavailable'), times = 1): void {
    for (let i = 0; i < times; i++) this.#faults.push({ event, fault, error });
  }

  room(name: RoomName): SmallRoom {
    const room = this.rooms.get(name) ?? { epoch: `e${++this.#epochs}`, trimmed: 0, log: [] };
    this.rooms.set(name, room);
    return room;
  }

  publish(
    room: RoomName,
    data: unknown,
    { id, type = 'text', from = { id: 'hub', name: 'hub' } }: Partial<Pick<Message, 'id' | 'type' | 'from'>> = {},
  ): Message {
    const message = this.append(room, data, { id, type, from });
    this.deliver(message);
    return message;
  }

  /** Stores without telling anyone: a hole, for whoever hears the next one. */
  append(
    name: RoomName,
    data: unknown,
    { id, type = 'text', from = { id: 'hub', name: 'hub' } }: { id?: string | undefined; type?: string; from?: User } = {},
  ): Message {
    const room = this.room(name);
    const seq = room.trimmed + room.log.length + 1;
    const position = formatPosition(room.epoch, seq);
    const message = { room: name, position, id: id ?? `${room.epoch}-${seq}`, type, from, time: Date.now(), data };
    room.log.push(message);
    return message;
  }

  deliver(message: Message): void {
    const { room, position } = message;
    if (room.startsWith('job:')) this.io.to(room).emit('job', { ...(message.data as JobState), room, position });
    else this.io.to(room).emit('message', message);
  }

  frame(frame: Frame): void {
    this.io.to(frame.room).emit('frame', frame);
  }

  notify(notice: Notice): void {
    this.io.emit('notice', notice);
  }

  /** Forgets all but the newest `keep` messages. */
  trim(name: RoomName, keep: number): void {
    const room = this.room(name);
    room.trimmed += room.log.length - keep;
    room.log = room.log.slice(room.log.length - keep);
  }

  /** The store lost everything and begins anew. */
  reset(name: RoomName): void {
    this.rooms.delete(name);
  }

  setJob(state: Partial<JobState> & { jobId: string }): JobState {
    const before = this.jobs.get(state.jobId);
    const next: JobState = {
      name: 'work',
      state: 'queued',
      createdAt: Date.now(),
      ...before,
      ...state,
      revision: (before?.revision ?? 0) + 1,
    };
    this.jobs.set(state.jobId, next);
    this.publish(`job:${state.jobId}`, next, { type: 'job' });
    return next;
  }

  #accept(socket: Connection): void {
    const { token, name, guestKey } = socket.handshake.auth as { token?: string; name?: string; guestKey?: string };
    this.tokens.push(token);
    socket.data.user = { id: token?.split('.')[0] ?? `guest-${guestKey}`, name: name ?? 'somebody' };
    socket.emit('welcome', { protocol: 1, user: socket.data.user, time: Date.now(), idWindowMs: this.idWindowMs, ...this.#expiry() });
    this.#answer(socket, 'subscribe', (request: SubscribeRequest) => this.#subscribe(socket, request));
    this.#answer(socket, 'unsubscribe', ({ room }: { room: string }) => {
      void socket.leave(room);
      return {};
    });
    this.#answer(socket, 'publish', (request: PublishRequest) => this.#publish(socket, request));
    this.#answer(socket, 'history', ({ room, before, limit = 50 }: { room: RoomName; before?: Position; limit?: number }) => {
      const older = this.room(room).log.filter((message) => !before || seqOf(message.position) < seqOf(before));
      return { messages: older.slice(-limit), more: older.length > limit };
    });
    this.#answer(socket, 'presence', ({ room }: { room: RoomName }) => ({
      room,
      count: this.io.of('/').adapter.rooms.get(room)?.size ?? 0,
    }));
    this.#answer(socket, 'auth:refresh', ({ token: fresh }: { token: string }) => {
      this.tokens.push(fresh);
      return { expiresAt: Date.now(), ...this.#expiry() };
    });
    this.#answer(socket, 'job:submit', ({ name: handler, key, id }: { name: string; key?: string; id?: string }) => {
      const jobId = `${handler}-${key ?? id}`;
      return this.jobs.get(jobId) ?? this.setJob({ jobId, name: handler });
    });
    this.#answer(socket, 'job:get', ({ jobId }: { jobId: string }) => this.#job(jobId));
    this.#answer(socket, 'job:cancel', ({ jobId }: { jobId: string }) => this.setJob({ ...this.#job(jobId), state: 'cancelled' }));
    this.#answer(socket, 'job:list', ({ state, limit = 50 }: { state?: string; limit?: number }) => ({
      jobs: [...this.jobs.values()].filter((job) => !state || job.state === state).slice(-limit),
    }));
    this.#answer(socket, 'job:details', ({ jobId }: { jobId: string }) => ({ job: this.#job(jobId), owner: 'a', input: {}, failures: [] }));
    this.#answer(socket, 'job:retry', ({ jobId }: { jobId: string }) => this.setJob({ jobId: this.#failed(jobId).jobId, state: 'queued' }));
    this.#answer(socket, 'job:discard', ({ jobId }: { jobId: string }) => {
      this.jobs.delete(this.#failed(jobId).jobId);
      return {};
    });
    socket.on('typing', ({ room }) => socket.to(room).emit('typing', { room: room as RoomName, user: socket.data.user }));
  }

  #answer<Request>(socket: Connection, event: string, run: (request: Request) => object): void {
    (socket as { on(event: string, listener: (payload: Request, ack: AnyAck) => void): unknown }).on(event, (payload, ack) => {
      this.requests.push({ event, payload });
      const index = this.#faults.findIndex((fault) => fault.event === event);
      const [fault] = index < 0 ? [] : this.#faults.splice(index, 1);
      if (fault?.fault === 'lose-request') return;
      if (fault?.fault === 'refuse') return ack({ ok: false, error: toWireError(fault.error) });
      try {
        const answer = run(payload);
        if (fault?.fault !== 'lose-answer') ack({ ok: true, ...answer });
      } catch (error) {
        ack({ ok: false, error: toWireError(error) });
      }
    });
  }

  #subscribe(socket: Connection, { room: text, since, last = 0 }: SubscribeRequest): SubscribeAnswer {
    const name = text as RoomName;
    const room = this.room(name);
    void socket.join(name);
    const end = room.trimmed + room.log.length;
    const from = since === undefined ? undefined : parsePosition(since);
    const recovered = from !== undefined && from.epoch === room.epoch && from.seq >= room.trimmed && from.seq <= end;
    const messages = recovered ? room.log.slice(from.seq - room.trimmed) : last === 0 ? [] : room.log.slice(-last);
    this.beforeSubscribed(name);
    const answer: SubscribeAnswer = { room: name, position: formatPosition(room.epoch, end), recovered, messages };
    return name.startsWith('metrics:') && this.metrics ? { ...answer, metrics: this.metrics } : answer;
  }

  #publish(socket: Connection, { room: text, id, after, type = 'text', data }: PublishRequest): object {
    const room = text as RoomName;
    const since = Date.now() - this.idWindowMs;
    const knownAs = (wanted: string) => this.room(room).log.find((message) => message.id === wanted && message.time > since);
    const known = knownAs(id);
    if (!known && after !== undefined && !knownAs(after)) throw new HubError('out_of_order');
    const { position, time } = known ?? this.publish(room, data, { id, type, from: socket.data.user });
    return known ? { id, position, time, repeated: true } : { id, position, time };
  }

  #job(jobId: string): JobState {
    const job = this.jobs.get(jobId);
    if (!job) throw new HubError('unknown_job');
    return job;
  }

  #failed(jobId: string): JobState {
    const job = this.#job(jobId);
    if (job.state !== 'failed') throw new HubError('invalid');
    return job;
  }

  #expiry(): { expiresAt?: number } {
    return this.tokenTtlMs === undefined ? {} : { expiresAt: Date.now() + this.tokenTtlMs };
  }
}

function seqOf(position: Position): number {
  return parsePosition(position).seq;
}
