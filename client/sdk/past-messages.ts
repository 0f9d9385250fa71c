import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import { type Position, parsePosition } from '../../shared/position.js';
import type { Message, PublishAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Ask, Outcome } from './requests.js';

/** A message that may have been stored; times in milliseconds since 1970, by the hub's clock. */
export interface Doubtful {
  readonly room: RoomName;
  readonly id: string;
  /** When it went out first. */
  readonly sentAt: number;
  /** When it went out last. */
  readonly triedAt: number;
}

/** The newest messages of a room by id. */
interface View {
  readonly messages: ReadonlyMap<string, Message>;
  /** Whatever was stored after this time is among them. */
  readonly reachesTo: number;
}

const PAGES = 10;
/** The store's clock against that of the instance that told its time. */
const CLOCKS_APART_MS = 60_000;

/** What the history of rooms says of messages whose fate is not known, one reading of a room for many of them. */
export class PastMessages {
  readonly #views = new Map<RoomName, { takenAt: number; view: Promise<Outcome<View>> }>();

  constructor(private readonly ask: Ask) {}

  /** Where it is stored; `not stored`; or refused: for now, or for good as `uncertain`. */
  async fateOf({ room, id, sentAt, triedAt }: Doubtful, now: number): Promise<Outcome<PublishAnswer> | 'not stored'> {
    const since = sentAt - CLOCKS_APART_MS;
    const outcome = await this.#view(room, since, triedAt, now);
    if (!outcome.ok) return outcome.refusal.retry === 'never' ? uncertain() : outcome;
    const { messages, reachesTo } = outcome.answer;
    const stored = messages.get(id);
    if (stored) return { ok: true, answer: { id, position: stored.position, time: stored.time, repeated: true } };
    return reachesTo < since ? 'not stored' : uncertain();
  }

  /** What was read is let go. */
  clear(): void {
    this.#views.clear();
  }

  async #view(room: RoomName, since: number, triedAt: number, now: number): Promise<Outcome<View>> {
    const known = this.#views.get(room);
    if (known && known.takenAt > triedAt) {
      const outcome = await known.view;
      if (outcome.ok && outcome.answer.reachesTo < since) return outcome;
    }
    const view = lookBack(this.ask, room, since);
    this.#views.set(room, { takenAt: now, view });
    return view;
  }
}

/** From the newest message on back, until one that is older than `since`. */
async function lookBack(ask: Ask, room: RoomName, since: number): Promise<Outcome<View>> {
  const messages = new Map<string, Message>();
  let reachesTo = Number.POSITIVE_INFINITY;
  let before: { before?: Position } = {};
  for (let page = 0; page < PAGES && reachesTo >= since; page++) {
    const outcome = await ask('history', { room, limit: BOUNDS.pageMessages, ...before });
    if (!outcome.ok) return outcome;
    for (const message of outcome.answer.messages) messages.set(message.id, message);
    const [oldest] = outcome.answer.messages;
    if (!oldest) break;
    reachesTo = parsePosition(oldest.position).seq === 1 ? Number.NEGATIVE_INFINITY : oldest.time;
    if (!outcome.answer.more) break;
    before = { before: oldest.position };
  }
  return { ok: true, answer: { messages, reachesTo } };
}

function uncertain(): Outcome<PublishAnswer> {
  return { ok: false, refusal: { error: new HubError('uncertain'), retry: 'never' } };
}
