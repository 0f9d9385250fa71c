import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client';
import type { HubError } from '../../shared/errors.js';
import type { Position } from '../../shared/position.js';
import type {
  ClientToServerEvents,
  Frame,
  HistoryAnswer,
  JobDetails,
  JobState,
  LineBatch,
  Message,
  MessageData,
  Notice,
  PresenceUsers,
  PublishAnswer,
  ServerToClientEvents,
  SubscribeAnswer,
  User,
} from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LineFilter, LogLine } from '../../shared/schemas.js';
import type { OutboxStore } from './outbox-store.js';

/** Ends what gave it: a listener, a subscription to state. */
export type Off = () => void;
/** `connecting` until the first welcome, `offline` between connections, `closed` for good. */
export type HubState = 'connecting' | 'online' | 'offline' | 'closed';
export type HubSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

export interface ConnectOptions {
  /** A token, or what fetches one: it is asked before each connection and before the token expires. */
  token?: string | (() => string | Promise<string>);
  /** A guest's wish, where guests are allowed. */
  name?: string;
  /** Keeps a guest the same user; by default one is made, and kept over page reloads where there is a `localStorage`. */
  guestKey?: string;
  /** Where unsent messages wait. Default: IndexedDB where there is one, else memory. In Node, `openFileOutboxStore` gives one that keeps them. */
  outbox?: OutboxStore | 'indexeddb' | 'memory';
  /** Messages that may wait in the outbox; a further publication fails with `busy`. Default 1000. */
  outboxMessages?: number;
  /** Age in milliseconds at which an unsent message fails. Default one day. */
  outboxTtlMs?: number;
  /**
   * Messages per second that the hub allows a connection; 0: any number. Up to it they are sent without waiting for each other; past it,
   * one by one in each room. Default: a hub's default, 50.
   */
  publishesPerSecond?: number;
  /** Milliseconds after which a request without an answer counts as lost. Default 10000. */
  answerTimeoutMs?: number;
  /** Milliseconds that one attempt to connect may take, the welcome included. Default 20000. */
  connectTimeoutMs?: number;
  /** Options of socket.io-client; `reconnectionDelay` (500) and `reconnectionDelayMax` (5000), in milliseconds, bound the pause before a reconnection. */
  io?: Partial<ManagerOptions & SocketOptions>;
}

export interface HubEvents {
  state: (state: HubState) => void;
  /** Who this connection is: after each welcome that changes it. */
  user: (user: User) => void;
  notice: (notice: Notice) => void;
  /** What no promise of the caller carries: refused connections, failed token refreshes, subscriptions given up. */
  error: (error: HubError) => void;
}

export interface Hub {
  readonly state: HubState;
  readonly user: User | undefined;
  /** The Socket.IO socket underneath, for events of one's own. */
  readonly socket: HubSocket;
  on<Event extends keyof HubEvents>(event: Event, listener: HubEvents[Event]): Off;
  /** A subscription of its own: each call gives a new one, with its own cursor; the wire carries the room once. */
  room<Data = unknown>(room: RoomName, options?: RoomOptions): Room<Data>;
  /** Several of one room see the same series, each in its own time; another choice of series is refused as `invalid`. */
  metrics(room: RoomName, options?: MetricOptions): MetricRoom;
  /** The lines of a log room that pass a filter. The connection sees the room through this one: a second one is refused as `invalid`. */
  logs(room: RoomName, options?: LogOptions): LogRoom;
  /**
   * Emits an acknowledged event and waits for its answer.
   * @throws HubError as the hub refused it, `timeout`, or `unavailable` while there is no connection
   */
  request<Event extends AcknowledgedEvent>(event: Event, payload: RequestOf<Event>): Promise<AnswerOf<Event>>;
  /** The same for an event that the application registered on its hub. */
  call<Answer = unknown>(event: string, payload: unknown): Promise<Answer>;
  /** Runs a heavy handler to its end, over reconnects. Rejects with JobError when it failed, with the signal's reason when aborted. */
  run<Result = unknown>(name: string, input: unknown, options?: RunOptions): Promise<Result>;
  /** Hands a job in and gives its handle. A repeated `key` joins the run that is under way. */
  submit<Result = unknown>(name: string, input: unknown, options?: { key?: string }): Promise<Job<Result>>;
  job<Result = unknown>(jobId: string): Job<Result>;
  /** The newest jobs of this user, for an admin of all; `state: 'failed'` are the dead letters alone. Default 50, at most 500. */
  jobs(query?: { state?: 'failed'; limit?: number }): Promise<JobState[]>;
  /** Ends the connection and everything on it. What waits in a kept outbox is sent by the next `connect`. */
  close(): Promise<void>;
}

export type AcknowledgedEvent = keyof ClientToServerEvents;
export type RequestOf<Event extends AcknowledgedEvent> = Parameters<ClientToServerEvents[Event]>[0];
type AckOf<Event extends AcknowledgedEvent> = Parameters<NonNullable<Parameters<ClientToServerEvents[Event]>[1]>>[0];
export type AnswerOf<Event extends AcknowledgedEvent> = Omit<Extract<AckOf<Event>, { ok: true }>, 'ok'>;

export interface RoomOptions {
  /** Recent messages for the start, and for a return that could not be recovered. Default 50. */
  last?: number;
  /** Frames per second at most, in metric rooms. */
  maxHz?: number;
  /** Continue after this position, kept from an earlier session. */
  since?: Position;
}

export interface MetricOptions {
  /** Frames per second at most. */
  maxHz?: number;
  /** Only the series that one of these patterns chooses: `cpu`, `cpu{core="0"}`, `*` for any characters in names and label values. */
  series?: readonly string[];
  /** Of those, counters to be shown as what they rise by per second, under the name `name:rate{…}`. */
  rates?: readonly string[];
  /** Histograms (`name_bucket{le="…"}`) as these quantiles, under the name `name{quantile="…"}`. */
  quantiles?: readonly number[];
  /** Values of one series that the snapshot's last minutes have at most. Default 600. */
  points?: number;
  /** What is kept of more values than that: each peak (`minmax`, the default), or the form of the line (`lttb`). */
  downsample?: 'minmax' | 'lttb';
  /** Frames travel as bytes: less traffic, and less work for both sides. Default false. */
  binary?: boolean;
}

export interface LogOptions {
  /** Default: every line. */
  filter?: LineFilter;
  /** Newest lines for the start, and for a return that could not be recovered. Default 200. */
  last?: number;
  /** When this client does not keep up: the newest lines and the number of those left out, instead of all of them later. Default false. */
  skip?: boolean;
  /** Continue after this position, kept from an earlier session. */
  since?: Position;
}

export interface Gap {
  /** The last position that was seen before the hole; undefined when there was none. */
  after: Position | undefined;
  /** Where the room stands now: messages from the hole, as far as they are kept, are in the history before it. */
  position: Position;
}

export interface RoomEvents<Data = unknown> {
  /** Each message of the room, those of the subscription's answer included: in order, once. */
  message: (message: Message<Data>) => void;
  presence: (change: { room: RoomName; joined: User[]; left: User[]; count: number }) => void;
  typing: (typing: { room: RoomName; user: User }) => void;
  frame: (frame: Frame) => void;
  /** Of a filtered subscription, those of its answer included. */
  lines: (batch: LineBatch) => void;
  job: (job: JobState & { room: RoomName; position: Position }) => void;
  /** Messages are missing; those that the hub still had follow as `message`. */
  gap: (gap: Gap) => void;
  /** Back after a pause with nothing missing; `messages` of them came while away and were given as `message`. */
  recovered: (recovery: { position: Position; messages: number }) => void;
  /** Each answer to a subscription, the first one and those after a reconnect; its messages follow as `message`. */
  subscribed: (answer: SubscribeAnswer) => void;
  /** An unsent message of an earlier page load that the outbox took up again. */
  restored: (publication: Publication) => void;
  /** The subscription ended: the hub refused it for good, or the hub object was closed. */
  error: (error: HubError) => void;
}

/** What a message of `Type` carries in a room whose messages carry `Data`. */
export type DataOf<Data, Type extends string> = Type extends Exclude<keyof MessageData, 'text'> ? MessageData[Type] : Data;

export interface Room<Data = unknown> {
  readonly name: RoomName;
  /** The first answer; rejects with HubError when the hub refuses for good or the room is left before. */
  readonly ready: Promise<SubscribeAnswer>;
  /** The last position that was seen. */
  readonly position: Position | undefined;
  /** Own messages that are not stored yet, in order, those of an earlier page load included. */
  readonly pending: readonly Publication[];
  on<Event extends keyof RoomEvents<Data>>(event: Event, listener: RoomEvents<Data>[Event]): Off;
  /** Takes a message into the outbox; it goes out in order, is repeated until stored, and is stored once. */
  publish<Type extends string = 'text'>(data: DataOf<Data, Type>, options?: { type?: Type; id?: string }): Publication;
  /** Older messages than `before`, or newer than `after`; the newest where neither is given. Oldest first. */
  history(query?: { before?: Position; after?: Position; limit?: number }): Promise<HistoryAnswer>;
  /** Who is there; with a page, `limit` users (200 at most) after those of the page whose `cursor` it is, in rooms of any size. */
  presence(page?: { limit?: number; cursor?: string }): Promise<{ room: RoomName } & PresenceUsers>;
  /** Tells the others at most every 2 seconds, and nobody while offline. */
  typing(): void;
  leave(): void;
}

export type PublicationState = 'queued' | 'sent' | 'stored' | 'failed';

export interface Publication {
  readonly id: string;
  readonly room: RoomName;
  readonly type: string;
  readonly data: unknown;
  readonly state: PublicationState;
  /** Resolves when stored; rejects with HubError when `failed` or when the hub object is closed. */
  readonly done: Promise<PublishAnswer>;
  /**
   * Resolves when the outbox's store has it: where that outlives the page or process, so does the message from then on. Rejects with HubError when the
   * store failed, or the publication before. Nothing is kept before the first welcome.
   */
  readonly kept: Promise<void>;
  onState(listener: (state: PublicationState) => void): Off;
}

export interface RunOptions {
  onProgress?: (progress: NonNullable<JobState['progress']>, state: JobState) => void;
  /** Aborting cancels the job. */
  signal?: AbortSignal;
  /** Runs with one key are one run while it is queued, active or freshly done. */
  key?: string;
}

export interface Job<Result = unknown> {
  readonly id: string;
  /** The newest state that is known. */
  readonly state: JobState | undefined;
  /**
   * Resolves with the result; rejects with JobError when failed or cancelled, with HubError when unknown, refused or left. Of a failed job that is run
   * again, a new promise.
   */
  readonly done: Promise<Result>;
  /** Each new state. A failed job is followed for as long as somebody listens: it may be run again. */
  onState(listener: (state: JobState) => void): Off;
  cancel(): Promise<JobState>;
  /** What the job was given, and how its attempts went. @throws HubError */
  details(): Promise<JobDetails>;
  /** Runs the job again after it failed, and follows it. Not repeated by itself. @throws HubError `invalid` when it did not fail, `forbidden`, `busy` */
  retry(): Promise<JobState>;
  /** Forgets the job, which failed, and leaves it. Not repeated by itself. @throws HubError `invalid` when it did not fail */
  discard(): Promise<void>;
  /** Stops following it; the job itself goes on. */
  leave(): void;
}

/** Values of one moment by series name. */
export interface NamedFrame {
  /** Milliseconds since 1970, of the newest value. */
  t: number;
  names: string[];
  values: number[];
  /** Milliseconds by which `values[i]` is older than `t`; left out when all are of `t`. */
  ago?: number[];
}

export interface SeriesValue {
  /** Milliseconds since 1970. */
  t: number;
  value: number;
}

export interface MetricEvents {
  /** The whole picture: at the start and after each reconnect, in place of what was known before. */
  snapshot: (snapshot: { names: readonly string[]; backfill: readonly NamedFrame[] }) => void;
  frame: (frame: NamedFrame) => void;
  presence: RoomEvents['presence'];
  error: (error: HubError) => void;
}

export interface MetricRoom {
  readonly name: RoomName;
  readonly ready: Promise<void>;
  /** The newest value of each series, by name. */
  readonly latest: ReadonlyMap<string, SeriesValue>;
  on<Event extends keyof MetricEvents>(event: Event, listener: MetricEvents[Event]): Off;
  leave(): void;
}

export interface LogEvents extends Pick<RoomEvents, 'gap' | 'recovered' | 'presence' | 'error'> {
  /** Lines that pass the filter, in order, each once; before them, `skipped` others passed that this client did not keep up with. */
  lines: (batch: { lines: readonly LogLine[]; skipped: number; position: Position }) => void;
  /** Another filter took effect: what follows is of that one. */
  filtered: (filter: LineFilter) => void;
}

export interface LogRoom {
  readonly name: RoomName;
  readonly ready: Promise<void>;
  readonly filter: LineFilter;
  /** Up to where the room was seen. */
  readonly position: Position | undefined;
  on<Event extends keyof LogEvents>(event: Event, listener: LogEvents[Event]): Off;
  /** Begins anew with another filter: its newest lines, then those that come. */
  setFilter(filter: LineFilter): void;
  leave(): void;
}
