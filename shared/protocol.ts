import type { WireError } from './errors.js';
import type { Position } from './position.js';
import type { RoomName } from './rooms.js';
import type {
  AuthRefreshRequest,
  HistoryRequest,
  JobGetRequest,
  JobListRequest,
  JobSubmitRequest,
  LogLine,
  PresenceRequest,
  PublishRequest,
  RangeRequest,
  SubscribeRequest,
  TypingRequest,
  UnsubscribeRequest,
} from './schemas.js';

/** Rises when a client of the version before would misread what is sent. */
export const PROTOCOL_VERSION = 1;

/** Who a message or a membership is from. */
export interface User {
  /** The token's `sub`, or `guest-…`. */
  id: string;
  name: string;
}

/** One message of a room, the same on every transport. */
export interface Message<Data = unknown> {
  room: RoomName;
  position: Position;
  /** The sender's id of it, unique in the room for as long as retries are recognised. */
  id: string;
  /** `text` unless the sender said otherwise. */
  type: string;
  from: User;
  /** Milliseconds since 1970, by the store's clock. */
  time: number;
  data: Data;
}

/** The types with a meaning of their own; any other is the application's. */
export interface MessageData {
  text: { text: string } & Record<string, unknown>;
  edit: { target: string; text: string };
  delete: { target: string };
  reaction: { target: string; emoji: string; on: boolean };
  /** A metric room's message: columns of one moment. */
  samples: SampleColumns;
  /** A log room's message: lines in their order. */
  lines: { lines: LogLine[] };
  job: JobState;
}

/** What a filtered subscription of a log room gets: the lines that its filter passes of the messages after `after`, up to `position`. */
export interface LineBatch {
  room: RoomName;
  /** Not after the position that the subscriber has: otherwise something is missing. */
  after: Position;
  position: Position;
  lines: LogLine[];
  /** Lines that passed the filter before `lines`, and that this subscriber was not given as it did not keep up. They are in the log. */
  skipped?: number;
}

/** One frame as it is stored: `values[i]` belongs to the series named `names[i]`. */
export interface SampleColumns {
  /** Milliseconds since 1970, of the newest value. */
  t: number;
  names: string[];
  values: number[];
  /** Milliseconds by which `values[i]` is older than `t`, less than a frame's interval; left out when all are of `t`. */
  ago?: number[];
}

/** One frame as a subscriber gets it: `values[i]` belongs to the series numbered `series[i]`. */
export interface Frame {
  room: RoomName;
  position?: Position;
  t: number;
  series: number[];
  values: number[];
  /** As in `SampleColumns`. */
  ago?: number[];
  /** Names of series that this subscription has not met yet, by number; the number of a series that ended long ago may be given to another. */
  names?: Record<number, string>;
}

/** What a newcomer of a metric room gets at once. */
export interface MetricSnapshot {
  /** Series names; a series' number is its index. A series' name is as `formatSeries` gives it; an empty one is a number that no series has. */
  names: string[];
  /** The latest value of each series, by number. */
  latest: { series: number[]; t: number[]; values: number[] };
  /** The last minutes, oldest first, each row as in a frame. */
  backfill: { t: number; series: number[]; values: number[] }[];
}

export type JobStatus = 'queued' | 'active' | 'done' | 'failed' | 'cancelled';

export interface JobState {
  jobId: string;
  name: string;
  state: JobStatus;
  /** Rises with each change of the job: of two states, whatever the order they came in, the one with the higher revision counts. */
  revision: number;
  /** Of a job that has to wait, as it was handed in: 1 for the next one to start. Users take turns, so others may yet come before it. */
  place?: number;
  /** Milliseconds since 1970. */
  createdAt: number;
  startedAt?: number;
  endedAt?: number;
  /** 0 to 1, and what the handler says about it. */
  progress?: { done: number; note?: string; data?: unknown };
  result?: unknown;
  error?: { code: string; message: string };
}

/** The data of a message of type `job` that the hub publishes into the room that a job reaches: it was handed in, or has ended. */
export interface JobNews extends Omit<JobState, 'progress' | 'place'> {
  /** The submitter's user id. */
  owner: string;
}

/** One attempt of a job that failed. Times are milliseconds since 1970. */
export interface JobFailure {
  attempt: number;
  startedAt: number;
  endedAt: number;
  error: { code: string; message: string };
  /** What was thrown, for admins: `error` keeps the text of an unknown error inside. */
  cause?: string;
}

/** A job with what it was given and how its attempts went. */
export interface JobDetails {
  job: JobState;
  /** The submitter's user id. */
  owner: string;
  input: unknown;
  /** Attempts that began, and how many there may be. */
  attempt: number;
  attempts: number;
  timeoutMs: number;
  /** Times that its process or thread ended under it. */
  crashes: number;
  /** The last few, oldest first. */
  failures: JobFailure[];
}

export interface PresenceUsers {
  count: number;
  /** Left out where the kind keeps counts only, and past `BOUNDS.rosterUsers` unless a page was asked for. */
  users?: User[];
  /** Of a page: asked for again with it, the next users come. Left out on the last one. */
  cursor?: string;
}

export interface SubscribeAnswer {
  room: RoomName;
  /** The position up to which the subscriber now has everything; events follow from the next one on. */
  position: Position;
  /** `since` was given, and nothing after it is missing from `messages` and the events that follow. */
  recovered: boolean;
  messages: Message[];
  presence?: PresenceUsers;
  metrics?: MetricSnapshot;
  /** With a `filter`, in place of `messages`. */
  lines?: LogLine[];
}
export interface PublishAnswer {
  id: string;
  position: Position;
  time: number;
  /** The id was known: this is the first publication's position. */
  repeated?: true;
}
export interface HistoryAnswer {
  /** Oldest first. */
  messages: Message[];
  /** The log holds more on the side that was asked for. */
  more: boolean;
}
/** Series of a metric room over time. */
export interface RangeAnswer {
  room: RoomName;
  /** The first and the last step's start, multiples of `stepMs`. */
  from: number;
  to: number;
  /** May be more than what was asked for, where the past is not kept as finely. */
  stepMs: number;
  /** Milliseconds of the buckets that the values were made from; 0: from the samples themselves. */
  resolutionMs: number;
  aggregate: NonNullable<RangeRequest['aggregate']>;
  /** By name; `values[i]` is of the step that starts at `from + i * stepMs`, null where the series had no sample. */
  series: { name: string; values: (number | null)[] }[];
  /** Series that match and are left out, because the answer would have more values than it may. */
  omitted: number;
}
export type EmptyAnswer = Record<never, never>;

export type Ack<Answer> = ({ ok: true } & Answer) | { ok: false; error: WireError };
type Answered<Request, Answer> = (request: Request, ack: (answer: Ack<Answer>) => void) => void;

export interface ClientToServerEvents {
  subscribe: Answered<SubscribeRequest, SubscribeAnswer>;
  unsubscribe: Answered<UnsubscribeRequest, EmptyAnswer>;
  publish: Answered<PublishRequest, PublishAnswer>;
  history: Answered<HistoryRequest, HistoryAnswer>;
  range: Answered<RangeRequest, RangeAnswer>;
  presence: Answered<PresenceRequest, { room: RoomName } & PresenceUsers>;
  /** Volatile: the one event that may come without an acknowledgement. */
  typing: (request: TypingRequest, ack?: (answer: Ack<EmptyAnswer>) => void) => void;
  'job:submit': Answered<JobSubmitRequest, JobState>;
  'job:get': Answered<JobGetRequest, JobState>;
  'job:cancel': Answered<JobGetRequest, JobState>;
  /** The newest jobs of whoever asks, or everybody's for an admin. */
  'job:list': Answered<JobListRequest, { jobs: JobState[] }>;
  'job:details': Answered<JobGetRequest, JobDetails>;
  /** Runs a failed job again. */
  'job:retry': Answered<JobGetRequest, JobState>;
  /** Forgets a failed job. */
  'job:discard': Answered<JobGetRequest, EmptyAnswer>;
  'auth:refresh': Answered<AuthRefreshRequest, { expiresAt: number }>;
}

export type Notice =
  /** A hole that the log could not fill: read the history again from `position`. */
  | { kind: 'gap'; room: RoomName; position: Position }
  /** This connection reads too slowly: it has missed `behind` messages of the room, and will not be given `dropped` of them. */
  | { kind: 'lagging'; room: RoomName; behind: number; dropped?: number }
  /** Connect again, to whatever instance, after `afterMs`. */
  | { kind: 'reconnect'; afterMs: number }
  | { kind: 'closing'; error: WireError }
  /** The answer to an event that came without an acknowledgement callback. */
  | { kind: 'error'; event: string; error: WireError };

/** The first event of each connection. */
export interface Welcome {
  protocol: typeof PROTOCOL_VERSION;
  user: User;
  /** The hub's clock, in milliseconds since 1970. */
  time?: number;
  /** Milliseconds for which a message's id is known at least: a later retry could be stored once more. */
  idWindowMs?: number;
  /** Milliseconds since 1970 at which the token ends; left out where it does not. */
  expiresAt?: number;
}

export interface ServerToClientEvents {
  welcome: (welcome: Welcome) => void;
  message: (message: Message) => void;
  frame: (frame: Frame) => void;
  /** A `frame` as `decodeFrame` reads it, for those who asked for `binary`. */
  'frame:bytes': (frame: Uint8Array) => void;
  lines: (batch: LineBatch) => void;
  presence: (change: { room: RoomName; joined: User[]; left: User[]; count: number }) => void;
  typing: (typing: { room: RoomName; user: User }) => void;
  job: (job: JobState & { room: RoomName; position: Position }) => void;
  notice: (notice: Notice) => void;
}

/** What the server's `connect_error` carries in `data`. */
export interface ConnectErrorData {
  error: WireError;
}

/** What a client gives in the handshake's `auth`. */
export interface HandshakeAuth {
  token?: string;
  /** A guest's wish, where guests are allowed. */
  name?: string;
  /** Keeps a guest the same user over reconnects: 16 to 64 letters or digits, known to that guest only. */
  guestKey?: string;
  /** A stock `socket.io-client` whose lost connections are to be recovered: each `message` then has its offset as a second argument. False: never. */
  recovery?: boolean;
}
