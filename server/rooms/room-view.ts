import type { PositionParts } from '../../shared/position.js';
import type { Frame, MetricSnapshot, ServerToClientEvents, SubscribeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import type { LogEntry } from '../log/room-log.js';

/** What a view asks of the feed that owns it. */
export interface ViewHost {
  readonly room: RoomName;
  /** Sends one event to every socket of a group of this room on this node; the event is encoded once. */
  emit<E extends FrameEvent>(group: string, event: E, payload: Parameters<ServerToClientEvents[E]>[0]): void;
}

/** Frames as JSON, and as bytes. */
export type FrameEvent = 'frame' | 'frame:bytes';

/** What a viewer asks of its room. */
export type ViewWish = Pick<SubscribeRequest, 'maxHz' | 'series' | 'rates' | 'quantiles' | 'binary' | 'points' | 'downsample'>;

/**
 * How the sockets of one room on this node see its log. A room whose kind has no view gives every entry as it is (`message`,
 * or `job` in job rooms). One view exists per room and node, while the room has a socket here.
 */
export interface RoomView {
  /** Each entry in order, from the one after those that `open` was given. */
  entry(entry: LogEntry): void;
  /**
   * Takes a place for the wish, which the function gives back.
   * @param holder see `placeHolderOf`
   * @throws HubError `invalid` for a wish that cannot be, `too_many_views` where the holder has its share of different ones, `busy` where all have too many
   */
  admit(wish: ViewWish, holder: string): () => void;
  /** Puts a subscriber that was admitted into a group ('' sees the room as it is) and gives what its acknowledgement carries. */
  attach(wish: ViewWish): { group: string; answer: Pick<SubscribeAnswer, 'metrics'> };
  detach(group: string): void;
  close(): void;
}

/** Opens a view with the room's recent entries, oldest first. */
export interface OpenView {
  /** Entries that `open` wants to see, at most, and their age in milliseconds. */
  readonly backlog: { messages: number; ageMs: number };
  /** What is known of a room without its entries, which are then wanted after `upTo` only; undefined: nothing. @throws HubError as the log */
  past?(room: RoomName): Promise<ViewPast | undefined>;
  open(host: ViewHost, recent: readonly LogEntry[]): RoomView;
}

/** A room up to a position of its log. */
export interface ViewPast extends Pick<OpenView, 'open'> {
  readonly upTo: PositionParts;
}

/** A room's view, for a reader that is no socket. */
export interface ViewLease {
  readonly view: RoomView;
  /** Where the view stands. */
  readonly at: { readonly epoch: string; readonly last: number };
  /** Hears the frames of a group; the function ends it. */
  hear(group: string, listener: (frame: Frame) => void): () => void;
  release(): void;
}

/** The newest value of each series, for whoever was behind. */
export function newestFrame(room: RoomName, { names, latest }: MetricSnapshot): Frame {
  const t = latest.t.reduce((newest, at) => Math.max(newest, at), 0);
  const ages = latest.t.map((at) => t - at);
  const ago = ages.some((age) => age > 0) ? { ago: ages } : {};
  return { room, t, series: latest.series, values: latest.values, ...ago, names: Object.fromEntries(names.entries()) };
}
