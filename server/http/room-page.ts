import type { HistoryAnswer, Message } from '../../shared/protocol.js';
import type { HistoryRequest } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import type { Receiver, Rooms } from '../rooms/room-service.js';

/** One page of a room as HTTP gives it. */
export interface RoomPage extends HistoryAnswer {
  /** The `after` of the next request: nothing up to here is asked for again. */
  position: string;
  /** Only where `after` was given: false when messages between it and these are gone. */
  recovered?: boolean;
}

/** What ends a wait before its time: the client went away, or the hub stops. */
export interface WaitControl {
  onEnd(end: () => void): void;
}

const NOTHING: Receiver = { messages: () => false, gap: () => {} };

/** A page of history: the newest, or what lies before or between positions. */
export async function readHistory(rooms: Rooms, principal: Principal, request: HistoryRequest): Promise<RoomPage> {
  const page = await rooms.history(principal, request);
  const position = page.messages.at(-1)?.position ?? request.after ?? (await endOf(rooms, principal, request.room));
  return { ...page, position };
}

/** Where an empty room stands. */
async function endOf(rooms: Rooms, principal: Principal, room: string): Promise<string> {
  const subscription = await rooms.open(principal, { room }, NOTHING);
  subscription.close();
  return subscription.answer.position;
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
    const { messages, recovered, position } = subscription.answer;
    if (after !== undefined && !recovered) return { messages: messages.slice(-limit), more: false, position, recovered };
    const told = after === undefined ? {} : { recovered };
    if (messages.length > 0) return { ...(await oldestOf(rooms, principal, room, messages, limit)), ...told };
    const news = waitMs > 0 ? await next.within(waitMs, control) : undefined;
    if (!news) return { messages: [], more: false, position, ...told };
    if ('gap' in news) return { messages: [], more: false, position: news.gap, recovered: false };
    return { ...(await oldestOf(rooms, principal, room, news.messages, limit)), ...told };
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

type News = { messages: readonly Message[] } | { gap: string };

/** A receiver that hears one thing and then no more. */
class FirstNews implements Receiver {
  #news: News | undefined;
  #tell: ((news: News | undefined) => void) | undefined;

  messages(batch: readonly Message[]): boolean {
    this.#hear({ messages: batch });
    return false;
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
