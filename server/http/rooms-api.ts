import { randomUUID } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { Message } from '../../shared/protocol.js';
import { presenceSchema, publishSchema } from '../../shared/schemas.js';
import type { Rooms } from '../rooms/room-service.js';
import type { ReadBody } from './body.js';
import { keepPrivately } from './caching.js';
import type { Gate } from './gate.js';
import { holdPlace, type OpenStreams, type PlaceOptions } from './open-streams.js';
import { pageSize, readPosition, secondsText } from './query.js';
import { type RoomPage, readAfter, readHistory, readLines, type WaitControl } from './room-page.js';
import { readInput, route } from './route.js';
import { readFilter } from './view-query.js';

export interface RoomsApiOptions extends PlaceOptions {
  rooms: Rooms;
  gate: Gate;
  streams: OpenStreams;
  encode(message: Message): string;
  readBody: ReadBody;
  /** Seconds for which a browser may keep a page that nothing is ever added to. */
  pageMaxAgeSeconds: number;
}

const LIST_LIMIT = 100;
const PAGE_LIMIT = 50;
const listQuery = z.object({ prefix: z.string().min(1).max(300).optional(), limit: pageSize(1, 1_000).default(LIST_LIMIT) });
const messagesQuery = z
  .object({
    after: readPosition.optional(),
    before: readPosition.optional(),
    limit: pageSize(1).default(PAGE_LIMIT),
    /** Seconds to wait for news. */
    wait: secondsText(BOUNDS.longPollMs).default(0),
  })
  .refine(({ before, wait }) => before === undefined || wait === 0, 'wait goes with after, not with before');
const presenceQuery = z.object({ limit: pageSize(1, BOUNDS.rosterUsers).optional(), cursor: presenceSchema.shape.cursor });
const publishBodySchema = publishSchema.omit({ room: true }).partial({ id: true });

/** The list of rooms, their messages to read, wait for and publish, and who is there. */
export function addRoomRoutes(router: Router, options: RoomsApiOptions): void {
  const { rooms, gate, readBody } = options;
  route(router, '/api/rooms', {
    get: async (req, res) => {
      const principal = await gate(req);
      const { prefix, limit } = readInput(listQuery, req.query);
      keepPrivately(res).json({ rooms: await rooms.list(principal, { ...(prefix !== undefined && { prefix }), limit }) });
    },
  });
  route(router, '/api/rooms/:room/messages', {
    get: (req, res) => getMessages(options, req, res),
    post: async (req, res) => {
      const principal = await gate(req, 'publish');
      const { room } = rooms.parse(req.params.room);
      const { type, data, id, after } = readInput(publishBodySchema, await readBody(req, res));
      const message = { room, id: messageId(req, id), data, ...(after !== undefined && { after }), ...(type !== undefined && { type }) };
      const answer = await rooms.publish(principal, message);
      res.status(answer.repeated ? 200 : 201).json({ room, ...answer });
    },
  });
  route(router, '/api/rooms/:room/presence', {
    get: async (req, res) => {
      const principal = await gate(req);
      const page = readInput(presenceQuery, req.query);
      keepPrivately(res).json(await rooms.presencePage(principal, { room: req.params.room, ...page }));
    },
  });
}

/**
 * The id of a publication, from the body or the `Idempotency-Key` header (also quoted, as a structured field); else a new one.
 * @throws HubError `invalid` when both are given and differ
 */
function messageId(req: Pick<Request, 'get'>, inBody: string | undefined): string {
  const header = req.get('Idempotency-Key')?.replace(/^"(.*)"$/, '$1');
  if (header === undefined) return inBody ?? randomUUID();
  const inHeader = readInput(publishSchema.shape.id, header);
  if (inBody !== undefined && inBody !== inHeader) throw new HubError('invalid', 'id and Idempotency-Key differ');
  return inHeader;
}

async function getMessages(options: RoomsApiOptions, req: Request<{ room: string }>, res: Response): Promise<void> {
  const { rooms, gate } = options;
  const principal = await gate(req);
  const { room } = rooms.parse(req.params.room);
  const { after, before, limit, wait } = readInput(messagesQuery, req.query);
  const asSubscriber = before === undefined && (after !== undefined || wait > 0);
  // A HEAD request wants the head now.
  const waitMs = req.method === 'HEAD' ? 0 : wait;
  if (waitMs > 0) await holdPlace(options, req, res);
  const filter = readFilter(req.query);
  if (filter) {
    if (before !== undefined) throw new HubError('invalid', 'a filter goes with after, not with before');
    const lines = await readLines(rooms, principal, { room, after, waitMs, filter, last: limit }, waitControl(res, options.streams));
    if (!res.closed) keepPrivately(res).json(lines);
    return;
  }
  const page = asSubscriber
    ? await readAfter(rooms, principal, { room, after, limit, waitMs }, waitControl(res, options.streams))
    : await readHistory(rooms, principal, { room, limit, ...(before && { before }), ...(after && { after }) });
  if (res.closed) return;
  // Nothing is ever added before a message that is there.
  const isClosed = before !== undefined && page.messages.length === limit;
  keepPrivately(res, isClosed ? options.pageMaxAgeSeconds : 0)
    .type('json')
    .send(encodePage(page, options.encode));
}

function waitControl(res: Response, streams: OpenStreams): WaitControl {
  return {
    onEnd: (end) => {
      if (res.closed) return end();
      const forget = streams.add(end);
      res.once('close', () => {
        forget();
        end();
      });
    },
  };
}

function encodePage({ messages, ...rest }: RoomPage, encode: (message: Message) => string): string {
  return `{"messages":[${messages.map(encode).join(',')}],${JSON.stringify(rest).slice(1)}`;
}
