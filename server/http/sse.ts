import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { HubError, toWireError } from '../../shared/errors.js';
import type { Position } from '../../shared/position.js';
import type { Frame, LineBatch, Message, SubscribeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { isJobEnd } from '../rooms/job-end.js';
import type { OpenSubscription, Receiver, Rooms } from '../rooms/room-service.js';
import type { Gate } from './gate.js';
import { holdPlace, type OpenStreams, type PlaceOptions } from './open-streams.js';
import { pageSize, readPosition } from './query.js';
import { readInput, route } from './route.js';
import { formatFor, type StreamFormat } from './stream-format.js';
import { TurnWriter } from './turn-writer.js';
import { flagText, readFilter, readFrameWish } from './view-query.js';

export interface SseOptions extends PlaceOptions {
  rooms: Rooms;
  gate: Gate;
  streams: OpenStreams;
  encode(message: Message | LineBatch | Frame): string;
  /** Milliseconds between two comments that keep proxies from closing a quiet stream. */
  heartbeatMs: number;
  /** Milliseconds after which a browser connects again. */
  retryMs: number;
}

const eventsQuery = z.object({ since: readPosition.optional(), last: pageSize(0).optional(), skip: flagText.optional() });

const HEADERS = {
  // A stream is for who asks alone; and a proxy that compresses would hold events back.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  Vary: 'Accept',
};
const headersOf = ({ contentType }: StreamFormat) => ({ 'Content-Type': contentType, ...HEADERS });

/** The longest wait that a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `GET /api/rooms/:room/events`: a room as a stream of events, its positions as their ids. */
export function addEventRoutes(router: Router, options: SseOptions): void {
  const { rooms, gate } = options;
  route(router, '/api/rooms/:room/events', {
    get: async (req, res) => {
      const principal = await gate(req);
      const { room } = rooms.parse(req.params.room);
      const { since, ...wish } = readInput(eventsQuery, req.query);
      const filter = readFilter(req.query);
      const from = resumeFrom(req) ?? since;
      const request = { room, ...wish, ...readFrameWish(req.query), ...(from !== undefined && { since: from }), ...(filter && { filter }) };
      await holdPlace(options, req, res);
      const format = formatFor(req);
      const stream = new EventStream(res, format, options);
      const subscription = await rooms.open(principal, request, stream);
      if (req.method === 'HEAD' || res.closed) return endWithoutEvents(res, format, subscription);
      if (hasAll(subscription)) return endForGood(res, subscription);
      stream.begin(room, subscription, { from, expiresAt: principal.expiresAt });
    },
  });
}

/** Where a browser's stream broke off: the id of the last event that it saw. */
function resumeFrom(req: Pick<Request, 'get'>): string | undefined {
  const id = req.get('Last-Event-ID');
  return id === undefined || id === '' ? undefined : readInput(readPosition, id);
}

function endWithoutEvents(res: Response, format: StreamFormat, subscription: OpenSubscription): void {
  subscription.close();
  res.set(headersOf(format)).end();
}

/** It goes on behind a job's end, after which nothing comes. */
function hasAll({ answer, end }: OpenSubscription): boolean {
  return end !== undefined && answer.recovered && answer.messages.length === 0;
}

/** 204 tells a browser to stop connecting again (HTML standard, 9.2.3). */
function endForGood(res: Response, subscription: OpenSubscription): void {
  subscription.close();
  res.set({ 'Cache-Control': HEADERS['Cache-Control'] }).status(204).end();
}

/** One open event stream: a room's receiver that writes what it hears. */
class EventStream implements Receiver {
  readonly #writer: TurnWriter;
  #subscription: OpenSubscription | undefined;
  #room: RoomName | undefined;

  constructor(
    private readonly res: Response,
    private readonly format: StreamFormat,
    private readonly options: SseOptions,
  ) {
    this.#writer = new TurnWriter(res, () => this.#subscription?.resume());
  }

  /** Writes the head and what the subscription began with, in the turn in which it was opened. */
  begin(
    room: RoomName,
    subscription: OpenSubscription,
    { from, expiresAt }: { from: string | undefined; expiresAt: number | undefined },
  ): void {
    const { res, format, options } = this;
    this.#room = room;
    this.#subscription = subscription;
    res.writeHead(200, headersOf(format));
    this.#writer.write(format.head(options.retryMs) + this.#opening(subscription, from));
    const heartbeat = setInterval(() => this.#beat(), options.heartbeatMs);
    const expiry = expiresAt === undefined ? undefined : this.#endAt(expiresAt);
    const forget = options.streams.add(() => this.#end(new HubError('closing')));
    res.once('close', () => {
      subscription.close();
      clearInterval(heartbeat);
      clearTimeout(expiry);
      forget();
    });
    if (subscription.end) this.#endAfter(subscription.end);
  }

  messages(batch: readonly Message[]): boolean {
    const more = this.#writer.write(batch.map((message) => this.#message(message)).join(''));
    const last = batch.at(-1);
    if (last && isJobEnd(last)) this.#endAfter(last);
    return more;
  }

  lines(batch: LineBatch): boolean {
    return this.#writer.write(this.#lines(batch));
  }

  frame(frame: Frame): boolean {
    return this.#writer.write(this.format.event('frame', this.options.encode(frame)));
  }

  gap(position: string): void {
    this.#writer.write(this.format.event('gap', JSON.stringify({ room: this.#room, position }), position));
  }

  /**
   * A gap comes first and without an id: the messages behind it are older than the position it names, and a stream cut among them
   * must go on from the last one seen.
   */
  #opening({ answer, end }: OpenSubscription, from: string | undefined): string {
    const { room, position, recovered, messages: asked, lines = [], metrics }: SubscribeAnswer = answer;
    const messages = asked.length === 0 && end ? [end] : asked;
    const opened = this.format.event('position', JSON.stringify({ room, position, recovered }), position);
    // It stands for all that was before.
    if (metrics) return this.format.event('snapshot', JSON.stringify({ room, ...metrics })) + opened;
    const gap = from !== undefined && !recovered ? this.format.event('gap', JSON.stringify({ room, position })) : '';
    const missed = messages.map((message) => this.#message(message)).join('');
    const after = recovered ? (from as Position) : position;
    const missedLines = lines.length > 0 ? this.#lines({ room, after, position, lines }) : '';
    return gap + missed + missedLines + opened;
  }

  #message(message: Message): string {
    return this.format.event('message', this.options.encode(message), message.position);
  }

  #lines(batch: LineBatch): string {
    return this.format.event('lines', this.options.encode(batch), batch.position);
  }

  #beat(): void {
    if (this.#writer.idle) this.#writer.write(this.format.heartbeat);
  }

  #endAt(expiresAt: number): NodeJS.Timeout | undefined {
    const leftMs = Math.max(expiresAt - Date.now(), 0);
    if (leftMs > LONGEST_TIMER_MS) return undefined;
    return setTimeout(() => this.#end(new HubError('unauthorized', 'the token has expired')), leftMs);
  }

  #end(error: HubError): void {
    this.#endWith(this.format.event('closing', JSON.stringify({ error: toWireError(error) })));
  }

  #endAfter({ room, position }: Message): void {
    this.#endWith(this.format.event('end', JSON.stringify({ room, position }), position));
  }

  #endWith(event: string): void {
    this.#subscription?.close();
    this.#writer.write(event);
    this.#writer.flush();
    this.res.end();
  }
}
