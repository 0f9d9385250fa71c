import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import { formatPosition, type PositionParts, parsePosition } from '../../shared/position.js';
import type { HistoryAnswer, JobState, LineBatch, Message, PresenceUsers, PublishAnswer, SubscribeAnswer } from '../../shared/protocol.js';
import { Remembered } from '../../shared/remembered.js';
import { type Kinds, type ParsedRoom, parseRoom, type RoomName } from '../../shared/rooms.js';
import type { HistoryRequest, LineFilter, PresenceRequest, PublishRequest, SubscribeRequest } from '../../shared/schemas.js';
import { type Action, may, type Principal } from '../auth/principal.js';
import type { LogEnds, LogEntry, LogRange, RoomLog } from '../log/room-log.js';
import type { PresenceStore } from '../presence/presence-store.js';
import { type CachedReads, presenceTag, ROOMS_TAG } from './cached-reads.js';
import { Cursor } from './cursor.js';
import type { FeedRegistry } from './feed-registry.js';
import { FrameReader } from './frame-reader.js';
import { forgottenEnd, isJobEnd } from './job-end.js';
import type { LineHearer } from './line-group.js';
import type { LineGroupLease, LineGroups } from './line-groups.js';
import { LineReader } from './line-reader.js';
import { findLineStart } from './line-start.js';
import type { LogPublisher } from './log-publisher.js';
import { placeHolderOf } from './place-shares.js';
import { PublishOrder } from './publish-order.js';
import type { PublishReply, SystemPublisher } from './publisher.js';
import { checkRevision, isRevision } from './revision-policy.js';
import type { RoomFeed } from './room-feed.js';
import type { OpenSubscription, Receiver, RoomListing, Rooms } from './room-service.js';
import type { ViewLease } from './room-view.js';
import { asksForFrames, checkWish } from './room-wish.js';
import { findStart, type Start } from './subscribe.js';

export interface RoomsOptions {
  kinds: Kinds;
  log: RoomLog;
  publisher: LogPublisher;
  feeds: FeedRegistry;
  lineGroups: LineGroups;
  /** The view of a room whose kind has one. @throws HubError `unavailable`, `invalid` */
  view(parsed: ParsedRoom): Promise<ViewLease>;
  presence: PresenceStore;
  /** Whether the principal is the owner of the job that a `job:<id>` room reports. */
  ownsJob(principal: Principal, jobId: string): Promise<boolean>;
  /** The state of a job that has ended; undefined where it has not. @throws HubError `unknown_job`, `unavailable` */
  endOfJob(jobId: string): Promise<JobState | undefined>;
  cache: CachedReads;
  /** A subscriber came back with a position, and got what it missed, or did not. */
  onReturn(recovered: boolean): void;
  historyCacheTtlMs: number;
  listCacheTtlMs: number;
}

/** Messages of a history page whose asker names no limit. */
const HISTORY_LIMIT = 50;
/** Rooms of a listing, before those that the asker may not see are taken out. */
const LISTED_ROOMS = 1_000;
/** Names that are taken apart once: what is kept of a room's messages then has one text for its name. */
const PARSED_ROOMS = 10_000;

export class RoomService implements Rooms {
  readonly #order = new PublishOrder();
  readonly #parsed = new Remembered<ParsedRoom>(PARSED_ROOMS);
  readonly #parse = (room: unknown) => parseRoom(room, this.options.kinds);

  constructor(private readonly options: RoomsOptions) {}

  parse(room: unknown): ParsedRoom {
    return typeof room === 'string' ? this.#parsed.get(room, this.#parse) : this.#parse(room);
  }

  /** @throws HubError `invalid`, `unknown_kind`, `unauthorized` for an expired token, `forbidden`; `unknown_job` for the room of somebody else's job, or of none */
  async admit(principal: Principal, action: Action, text: unknown): Promise<ParsedRoom> {
    const room = this.#parseFor(principal, text);
    if (may(principal, action, room)) return room;
    if (room.kind === 'job' && action === 'read') {
      if (await this.options.ownsJob(principal, room.name)) return room;
      throw new HubError('unknown_job', `no job ${room.name}`);
    }
    throw forbidden(principal, action, room);
  }

  publish(principal: Principal, request: PublishRequest, action: 'write' | 'ingest' = 'write'): Promise<PublishAnswer> {
    return new Promise((resolve, reject) => {
      this.publishFor(principal, request, { accept: resolve, fail: reject }, action);
    });
  }

  /**
   * As `publish`. Without a wait: the appends of one turn go together, and what waits for the log keeps nothing of the message.
   * @throws HubError what is refused at once
   */
  publishFor(principal: Principal, request: PublishRequest, reply: PublishReply, action: 'write' | 'ingest' = 'write'): void {
    const room = this.#parseFor(principal, request.room);
    if (!may(principal, action, room)) throw forbidden(principal, action, room);
    const { id, after, type = 'text', data } = request;
    const message = { room: room.room, id, after, type, data, from: principal.user };
    const { log, publisher } = this.options;
    if (!isRevision(type) && this.#order.isIdle) {
      publisher.appendFor(room, message, reply);
      return;
    }
    const inOrder = this.#order.append(`${principal.user.id} ${room.room}`, {
      append: () => publisher.append(room, message),
      check: isRevision(type) ? () => checkRevision(log, principal, room.room, type, data) : undefined,
    });
    inOrder.then(
      (answer) => reply.accept(answer),
      (refused) => reply.fail(refused),
    );
  }

  #parseFor({ expiresAt }: Principal, text: unknown): ParsedRoom {
    const room = this.parse(text);
    if (expiresAt !== undefined && expiresAt <= Date.now()) throw new HubError('unauthorized', 'the token has expired');
    return room;
  }

  /**
   * Where a subscription to the feed begins. A job's end is kept for longer than its room may be: then it stands in the answer as it stood there.
   * @throws HubError as `findStart`; `unknown_job` in the empty room of a job that there is not (any more)
   */
  async start(feed: RoomFeed, request: SubscribeRequest): Promise<Start> {
    const start = await findStart(feed, this.options.feeds.reads, request);
    if (request.since !== undefined) this.options.onReturn(start.recovered);
    if (!feed.room.startsWith('job:') || start.recovered || start.entries.length > 0 || (await this.#newestOf(feed))) return start;
    const end = await this.#forgottenEnd(feed);
    return end ? { ...start, entries: [end], at: { epoch: feed.epoch, seq: feed.last } } : start;
  }

  /** Undefined: the room is empty. */
  async #newestOf(feed: RoomFeed): Promise<LogEntry | undefined> {
    const recent = feed.last === 0 ? [] : feed.recentAfter(feed.last - 1);
    return (recent ?? (await this.options.feeds.reads.read(feed.room, { limit: 1, from: 'newest' })).entries).at(-1);
  }

  async #forgottenEnd(feed: RoomFeed): Promise<LogEntry | undefined> {
    const state = await this.options.endOfJob(feed.room.slice('job:'.length));
    return state && forgottenEnd(feed, state);
  }

  /** The end of a job, where a subscription to its room begins behind it. */
  async #endBefore(feed: RoomFeed, { entries, at }: Start): Promise<Message | undefined> {
    if (!feed.room.startsWith('job:') || at.seq !== feed.last) return undefined;
    const newest = entries.at(-1) ?? (await this.#newestOf(feed)) ?? (await this.#forgottenEnd(feed));
    return newest && isJobEnd(newest.message) ? newest.message : undefined;
  }

  /** The same for one with a filter, with its group, which the caller gives back. @throws HubError as `LineGroups.acquire` too */
  async startLines(
    feed: RoomFeed,
    principal: Principal,
    request: SubscribeRequest & { filter: LineFilter },
  ): Promise<{ start: Start; lease: LineGroupLease }> {
    const lease = this.options.lineGroups.acquire(feed, request.filter, placeHolderOf(principal));
    try {
      const start = await findLineStart(feed, this.options.feeds.reads, lease.group, request);
      if (request.since !== undefined) this.options.onReturn(start.recovered);
      return { start, lease };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** Publishes past the checks of this service. */
  get system(): SystemPublisher {
    return this.options.publisher;
  }

  async history(principal: Principal, { room: text, before, after, limit = HISTORY_LIMIT }: HistoryRequest): Promise<HistoryAnswer> {
    const { room } = await this.admit(principal, 'read', text);
    const bounds = { before: before && parsePosition(before), after: after && parsePosition(after) };
    const range: LogRange = {
      ...(bounds.before && { before: bounds.before.seq }),
      ...(bounds.after && { after: bounds.after.seq }),
      limit: Math.min(limit, BOUNDS.pageMessages),
      from: bounds.after ? 'oldest' : 'newest',
    };
    const page = bounds.before
      ? await this.#closedPage(room, bounds.before.epoch, range)
      : await this.options.feeds.reads.read(room, range);
    return historyAnswer(page, range, [bounds.before, bounds.after]);
  }

  async presence(principal: Principal, { room: text, ...page }: PresenceRequest): Promise<{ room: RoomName } & PresenceUsers> {
    const { room, mode } = await this.#admitToPresence(principal, text);
    return { room, ...(await this.present(room, mode, page)) };
  }

  /** Who is there, as a page that many ask for: it may be as old as a room list. */
  async presencePage(principal: Principal, { room: text, ...page }: PresenceRequest): Promise<{ room: RoomName } & PresenceUsers> {
    const { room, mode } = await this.#admitToPresence(principal, text);
    const { cache, listCacheTtlMs: ttlMs } = this.options;
    const key = `presence ${room} ${page.limit ?? ''} ${page.cursor ?? ''}`;
    // Here only: to look into the shared cache costs as much as to ask for the page.
    const kept = { ttlMs, staleMs: ttlMs, tags: [presenceTag(room)], here: true } as const;
    return { room, ...(await cache.read(key, { ...kept, compute: () => this.present(room, mode, page) })) };
  }

  async #admitToPresence(principal: Principal, text: string): Promise<{ room: RoomName; mode: 'roster' | 'count' }> {
    const { room, policy } = await this.admit(principal, 'read', text);
    if (policy.presence === 'off') throw new HubError('not_found', 'rooms of this kind keep no presence');
    return { room, mode: policy.presence };
  }

  async present(room: RoomName, mode: 'roster' | 'count', page: Omit<PresenceRequest, 'room'> = {}): Promise<PresenceUsers> {
    const { presence } = this.options;
    if (mode === 'count') return { count: (await presence.list(room, { limit: 1 })).count };
    const isPage = page.limit !== undefined || page.cursor !== undefined;
    const { count, users, cursor } = await presence.list(room, { limit: BOUNDS.rosterUsers, ...page });
    if (!isPage) return count <= BOUNDS.rosterUsers ? { count, users: [...users] } : { count };
    return { count, users: [...users], ...(cursor !== undefined && { cursor }) };
  }

  async list(principal: Principal, query: { prefix?: string; limit: number }): Promise<RoomListing[]> {
    const { cache, listCacheTtlMs, log } = this.options;
    const { prefix = '', limit } = query;
    // One list for all askers of a prefix; what each may see of it is decided afterwards.
    const listed = await cache.read(`rooms ${prefix}`, {
      ttlMs: listCacheTtlMs,
      staleMs: listCacheTtlMs,
      tags: [ROOMS_TAG],
      compute: () => log.rooms({ ...(prefix && { prefix }), limit: LISTED_ROOMS }),
    });
    return listed
      .filter(({ room }) => this.#mayList(principal, room))
      .slice(0, limit)
      .map(({ room, last, time }) => ({ room, last, time }));
  }

  async open(principal: Principal, request: SubscribeRequest, receiver: Receiver): Promise<OpenSubscription> {
    const parsed = await this.admit(principal, 'read', request.room);
    checkWish(parsed, request);
    if (asksForFrames(parsed, request)) return this.#openFrames(parsed, principal, request, receiver);
    const { room, policy } = parsed;
    const { feeds } = this.options;
    const lease = await feeds.acquire(room);
    try {
      const { start, cursor, goOn, end } = await this.#read(lease.feed, principal, request, receiver);
      const close = () => {
        cursor.close();
        end();
        lease.release();
      };
      const answer = { ...toAnswer(room, start), ...(await this.#presentIn({ room, policy })) };
      const ended = await this.#endBefore(lease.feed, start);
      // After the caller had its turn to write the answer: what follows belongs behind it.
      setImmediate(goOn);
      return { answer, resume: goOn, close, ...(ended && { end: ended }) };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  async #openFrames(parsed: ParsedRoom, principal: Principal, wish: SubscribeRequest, receiver: Receiver): Promise<OpenSubscription> {
    const { room } = parsed;
    const presence = await this.#presentIn(parsed);
    const lease = await this.options.view(parsed);
    try {
      const reader = new FrameReader(room, lease, wish, placeHolderOf(principal), (frame) => receiver.frame?.(frame) ?? true);
      const position = formatPosition(lease.at.epoch, lease.at.last);
      const answer = { room, position, recovered: false, messages: [], ...reader.begin(), ...presence };
      return { answer, resume: () => reader.resume(), close: () => reader.close() };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  async #presentIn({ room, policy }: Pick<ParsedRoom, 'room' | 'policy'>): Promise<Pick<SubscribeAnswer, 'presence'>> {
    if (policy.presence === 'off') return {};
    return { presence: await this.present(room, policy.presence).catch(() => ({ count: 0 })) };
  }

  /** A receiver's way through the room: its beginning, what brings the rest, and how that goes on after a pause. */
  async #read(feed: RoomFeed, principal: Principal, { filter, ...request }: SubscribeRequest, receiver: Receiver) {
    const { reads } = this.options.feeds;
    const gap = ({ epoch, seq }: PositionParts) => receiver.gap(formatPosition(epoch, seq));
    if (!filter) {
      const start = await this.start(feed, request);
      const entries = (batch: readonly LogEntry[]) => receiver.messages(batch.map((entry) => entry.message));
      const cursor = new Cursor(feed, reads, { entries, gap }, start.at);
      return { start, cursor, goOn: () => cursor.resume(), end: () => {} };
    }
    const { start, lease } = await this.startLines(feed, principal, { ...request, filter });
    const lines = (batch: LineBatch) => receiver.lines?.(batch) ?? true;
    const hearer: LineHearer = { lines: (batch) => void (lines(batch) || cursor.pause()), gap };
    const reader = new LineReader(lease.group, { lines, gap, join: () => lease.group.join(hearer) }, start.at);
    const cursor = new Cursor(feed, reads, reader, start.at);
    const goOn = () => {
      if (request.skip) reader.skip(cursor);
      cursor.resume();
    };
    return { start, cursor, goOn, end: () => lease.release() };
  }

  /** A page that ends at a given message, to which nothing is ever added. Binary has no place in the shared cache: such a page is not kept. */
  #closedPage(room: RoomName, epoch: string, range: LogRange): Promise<HistoryPage> {
    const { cache, historyCacheTtlMs, feeds } = this.options;
    return cache.read<HistoryPage>(`history ${room} ${epoch} ${range.after ?? ''} ${range.before} ${range.limit} ${range.from}`, {
      ttlMs: (page) => (page.epoch === epoch && !page.entries.some((entry) => hasBinary(entry.message.data)) ? historyCacheTtlMs : 0),
      // Without the messages' texts: the shared cache has texts of its own.
      compute: async () => {
        const page = await feeds.reads.read(room, range);
        return { ...page, entries: page.entries.map(({ seq, message }) => ({ seq, message })) };
      },
    });
  }

  #mayList(principal: Principal, room: RoomName): boolean {
    try {
      return may(principal, 'read', this.parse(room));
    } catch {
      return false;
    }
  }
}

const forbidden = ({ user }: Principal, action: Action, { room }: ParsedRoom) =>
  new HubError('forbidden', `${user.id} may not ${action} ${room}`);

/** The acknowledgement of a subscription that begins at `start`. */
export function toAnswer(room: RoomName, { recovered, entries, at, lines }: Start): SubscribeAnswer {
  const messages = entries.map((entry) => entry.message);
  return { room, position: formatPosition(at.epoch, at.seq), recovered, messages, ...(lines && { lines }) };
}

/** What an answer is made of. */
interface HistoryPage extends LogEnds {
  readonly entries: readonly Pick<LogEntry, 'seq' | 'message'>[];
}

function historyAnswer(page: HistoryPage, range: LogRange, bounds: ({ epoch: string } | '' | undefined)[]): HistoryAnswer {
  // A position of another epoch names nothing in this log.
  if (bounds.some((bound) => bound && bound.epoch !== page.epoch)) return { messages: [], more: false };
  const messages = page.entries.map((entry) => entry.message);
  const first = page.entries[0]?.seq;
  const last = page.entries.at(-1)?.seq;
  const more =
    range.from === 'newest'
      ? first !== undefined && first > Math.max(page.first, (range.after ?? 0) + 1)
      : last !== undefined && last < Math.min(page.last, (range.before ?? Number.POSITIVE_INFINITY) - 1);
  return { messages, more };
}

function hasBinary(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasBinary);
}
