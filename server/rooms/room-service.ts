import type { Frame, HistoryAnswer, LineBatch, Message, PresenceUsers, PublishAnswer, SubscribeAnswer } from '../../shared/protocol.js';
import type { ParsedRoom, RoomName } from '../../shared/rooms.js';
import type { HistoryRequest, PresenceRequest, PublishRequest, SubscribeRequest } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';

/** A reader outside of Socket.IO (SSE, long poll, the hub's own parts). */
export interface Receiver {
  /** Messages in order, none twice. False: no more for now; `resume` asks for what came meanwhile, read from the log. */
  messages(batch: readonly Message[]): boolean;
  /** The same by lines, where the request has a filter. */
  lines?(batch: LineBatch): boolean;
  /** Frames, where the request asks for some: each stands for all before it. */
  frame?(frame: Frame): boolean;
  /** The log could not fill a hole: `position` is where the reader stands now. */
  gap(position: string): void;
}

export interface OpenSubscription {
  readonly answer: SubscribeAnswer;
  /** The end of the job whose room it is, where that has come and the answer leads up to it. */
  readonly end?: Message;
  resume(): void;
  close(): void;
}

/** One room in the list of rooms. */
export interface RoomListing {
  room: RoomName;
  /** The newest message's seq and time. */
  last: number;
  time: number;
}

/** What every transport calls: access, policy, log and presence in one place. All methods throw HubError. */
export interface Rooms {
  parse(room: unknown): ParsedRoom;
  publish(principal: Principal, request: PublishRequest, action?: 'write' | 'ingest'): Promise<PublishAnswer>;
  history(principal: Principal, request: HistoryRequest): Promise<HistoryAnswer>;
  presence(principal: Principal, request: PresenceRequest): Promise<{ room: RoomName } & PresenceUsers>;
  /** The same, some seconds old. */
  presencePage(principal: Principal, request: PresenceRequest): Promise<{ room: RoomName } & PresenceUsers>;
  list(principal: Principal, query: { prefix?: string; limit: number }): Promise<RoomListing[]>;
  open(principal: Principal, request: SubscribeRequest, receiver: Receiver): Promise<OpenSubscription>;
}
