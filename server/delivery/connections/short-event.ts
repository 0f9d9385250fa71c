/** A client's event as Socket.IO's parser gives it, with or without the number that its acknowledgement carries. */
export interface EventPacket {
  readonly type: typeof EVENT;
  readonly nsp: '/';
  readonly id?: number;
  readonly data: readonly [event: string, ...unknown[]];
}

/** `PacketType.EVENT` of socket.io-parser. */
const EVENT = 2;
/** engine.io's message with Socket.IO's event in it, `42`. */
const MESSAGE_CODE = 0x34;
const EVENT_CODE = 0x30 + EVENT;
const ZERO = 0x30;
const NINE = 0x39;
const BRACKET = 0x5b;
/** Digits of a number that is exact. */
const ID_DIGITS = 15;

/** Takes an event of the main namespace apart; undefined: it is something else, or not as it should be, and the parsers are to say what. */
export function parseShortEvent(text: string): EventPacket | undefined {
  if (text.charCodeAt(0) !== MESSAGE_CODE || text.charCodeAt(1) !== EVENT_CODE) return undefined;
  let at = 2;
  let id = 0;
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; code = text.charCodeAt(++at)) id = id * 10 + code - ZERO;
  if (text.charCodeAt(at) !== BRACKET || at - 2 > ID_DIGITS) return undefined;
  const data = parseArray(text.slice(at));
  if (typeof data?.[0] !== 'string') return undefined;
  const event = data as [string, ...unknown[]];
  return at > 2 ? { type: EVENT, nsp: '/', id, data: event } : { type: EVENT, nsp: '/', data: event };
}

function parseArray(json: string): unknown[] | undefined {
  try {
    return JSON.parse(json) as unknown[];
  } catch {
    return undefined;
  }
}

const IGNORES_EVENTS = Symbol('ignores events');

/** Says of a listener for a connection's packets that it does nothing at an event of Socket.IO's, which then need not come by it. */
export function ignoringEvents<Listener extends object>(listener: Listener): Listener {
  return Object.assign(listener, { [IGNORES_EVENTS]: true });
}

/** Whether all who listen, if anybody does, ignore events. */
export function areIgnoringEvents(listeners: unknown): boolean {
  return listeners === undefined || (listeners as { [IGNORES_EVENTS]?: true })[IGNORES_EVENTS] === true;
}
