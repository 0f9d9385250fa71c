import type { HistoryAnswer, LineBatch, Message } from '../../shared/protocol.js';
import type { HistoryRequest, LineFilter, LogLine } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import { isJobEnd } from '../rooms/job-end.js';
import type { OpenSubscription, Receiver, Rooms } from '../rooms/room-service.js';

/** One page of a room as HTTP gives it. */
export interface RoomPage extends HistoryAnswer {
  /** The `after` of the next request: nothing up to here is asked for again. */
  position: string;
  /** Only where `after` was given: false when messages between it and these are gone. */
  recovered?: boolean;
  /** The room is a job's, and these messages lead up to its end: nothing comes after them. */
  ended?: true;
}

/** The same by lines, where the request has a filter. */
export interface LinePage extends Omit<RoomPage, 'messages'> {
  lines: LogLine[];
}

/** What ends a wait before its time: the client went away, or the hub stops. */
export interface WaitControl {
  onEnd(end: () => void): void;
}

const NOTHING: Receiver = { messages: () => false, gap: () => {} };

/** A page of history: the newest, or what lies before or between positions. */
export async function readHistory(rooms: Rooms, principal: Principal, request: HistoryRequest): Promise<RoomPage> {
  const page = await rooms.history(principal, request);
  const position = page.messages.at(-1)?.position ?? request.after;
  if (position !== undefined) return { ...page, position };
  const { answer, end } = await look(rooms, principal, request.room);
  return { ...page, ...(request.before === undefined && end && { messages: [end] }), position: answer.position };
}

/** Where a room stands. */
async function look(rooms: Rooms, principal: Principal, room: string): Promise<OpenSubscription> {
  const subscription = await rooms.open(principal, { room }, NOTHING);
  subscription.close();
  return subscription;
}

export interface ReadAfter {
  readonly room: string;
  /** Left out: from now on. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** Milliseconds to wait where there is nothing yet; 0: not at all. */
  readonly waitMs: number;
}

/**
 * What came after a position: at once when there is something or the position can't be gone on from, else the next
 * messages, else nothing after the wait. It reads as a subscriber, so what is lost is told, as on every transport.
 */
export async function readAfter(rooms: Rooms, principal: Principal, asked: ReadAfter, control: WaitControl): Promise<RoomPage> {
  const { room, after, limit, waitMs } = asked;
  const next = new FirstNews();
  const subscription = await rooms.open(principal, after === undefined ? { room } : { room, since: after, last: limit }, next);
  try {
    const { messages: asked, recovered, position } = subscription.answer;
    const { end } = subscription;
    const messages = asked.length === 0 && end && !recovered ? [end] : asked;
    if (after !== undefined && !recovered) return withEnd({ messages: messages.slice(-limit), more: false, position, recovered });
    const told = after === undefined ? {} : { recovered };
    if (messages.length > 0) return withEnd({ ...(await oldestOf(rooms, principal, room, messages, limit)), ...told });
    if (end) return { messages, more: false, position, ...told, ended: true };
    const news = waitMs > 0 ? await next.within(waitMs, control) : undefined;
    if (!news) return { messages: [], more: false, position, ...told };
    if ('gap' in news) return { messages: [], more: false, position: news.gap, recovered: false };
    return withEnd({ ...(await oldestOf(rooms, principal, room, news.messages, limit)), ...told });
  } finally {
    subscription.close();
  }
}

function withEnd(page: RoomPage): RoomPage {
  const last = page.messages.at(-1);
  return last && !page.more && isJobEnd(last) ? { ...page, ended: true } : page;
}

export interface ReadLines extends Omit<ReadAfter, 'limit'> {
  readonly filter: LineFilter;
  /** Lines of an answer that does not continue. */
  readonly last: number;
}

/**
 * Lines after a position: those of the next messages, one page of them at a time, else the next ones that pass, else none after the wait. Without
 * `after`, the newest lines where there is no wait.
 */
export async function readLines(rooms: Rooms, principal: Principal, asked: ReadLines, control: WaitControl): Promise<LinePage> {
  const { room, after, waitMs, filter, last } = asked;
  const next = new FirstNews();
  const wish = after === undefined ? { last: waitMs > 0 ? 0 : last } : { since: after, last };
  const subscription = await rooms.open(principal, { room, filter, ...wish }, next);
  try {
    const { lines = [], recovered, position } = subscription.answer;
    const told = after === undefined ? {} : { recovered };
    const more = recovered && (await hasAfter(rooms, principal, room, position));
    if (waitMs === 0 || lines.length > 0 || more || (after !== undefined && !recovered)) return { lines, more, position, ...told };
    const news = await next.within(waitMs, control);
    if (news && 'gap' in news) return { lines: [], more: false, position: news.gap, recovered: false };
    return { lines: news?.batch?.lines ?? [], more: false, position: next.position ?? position, ...told };
  } finally {
    subscription.close();
  }
}

/** The first `limit` messages, and whether the room has more after them. */
async function oldestOf(rooms: Rooms, principal: Principal, room: string, messages: readonly Message[], limit: number) {
  const page = messages.slice(0, limit);
  const position = page.at(-1)!.position;
  const more = messages.length > limit || (await hasAfter(rooms, principal, room, position));
  return { messages: page, more, position };
}

async function hasAfter(rooms: Rooms, principal: Principal, room: string, after: string): Promise<boolean> {
  return (await rooms.history(principal, { room, after, limit: 1 })).messages.length > 0;
}

type News = { messages: readonly Message[]; batch?: LineBatch } | { gap: string };

/** A receiver that hears one thing and then no more. */
class FirstNews implements Receiver {
  /** Up to where there were no lines. */
  position: string | undefined;
  #news: News | undefined;
  #tell: ((news: News | undefined) => void) | undefined;

  messages(batch: readonly Message[]): boolean {
    this.#hear({ messages: batch });
    return false;
  }

  /** Batches without lines only tell how far the room is. */
  lines(batch: LineBatch): boolean {
    this.position = batch.position;
    if (batch.lines.length > 0) this.#hear({ messages: [], batch });
    return batch.lines.length === 0;
  }

  gap(position: string): void {
    this.#hear({ gap: position });
  }

  async within(waitMs: number, { onEnd }: WaitControl): Promise<News | undefined> {
    if (this.#news) return this.#news;
    return new Promise((resolve) => {
      const tell = (news: News | undefined) => {
        clearTimeout(timer);
        resolve(news);
      };
      const timer = setTimeout(() => tell(undefined), waitMs);
      this.#tell = tell;
      onEnd(() => tell(undefined));
    });
  }

  #hear(news: News): void {
    this.#news ??= news;
    this.#tell?.(this.#news);
  }
}
