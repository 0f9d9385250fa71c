import fc from 'fast-check';

/** Those who listen in a script. `upgrade` begins with polling and changes to a WebSocket on the way; `leaver` may go. */
export const CAST = ['socket', 'other', 'poll', 'upgrade', 'leaver'] as const;
export type Actor = (typeof CAST)[number];

/** Those who are in `/side` too; the others would have been connected too long by then. */
export const IN_SIDE: readonly Actor[] = ['socket', 'other', 'poll'];
export type Namespace = '/' | '/side';

/** Those who may stop reading; their connections are WebSockets. */
const STALLING = ['socket', 'other'] as const satisfies readonly Actor[];
export type Stalling = (typeof STALLING)[number];
/** More than a connection's buffers in the system take: the rest waits in this process. */
const STALLING_BYTES = 6_000_000;

const ROOMS = ['a', 'b', 'c'] as const;
export type Room = (typeof ROOMS)[number];
/** A room by its name, or somebody's own room. */
export type Target = Room | Actor;

export const PAYLOADS = ['none', 'text', 'unicode', 'kilobytes', 'long', 'bytes', 'view', 'nested'] as const;
export type PayloadKind = (typeof PAYLOADS)[number];

export interface Emit {
  do: 'emit';
  /** `server`: to everybody; `self`: to the actor's own socket; `others`: from the actor to everybody else. */
  from: 'server' | 'self' | 'others';
  actor: Actor;
  namespace: Namespace;
  to: Target[];
  except: Target[];
  payload: PayloadKind;
  volatile: boolean;
  compress: boolean;
  local: boolean;
}

/** One call on the server. */
export type Step =
  | Emit
  | { do: 'join'; actor: Actor; namespace: Namespace; room: Room }
  | { do: 'leave'; actor: Actor; namespace: Namespace; room: Room }
  /** The same for all in a room, through the server. */
  | { do: 'allJoin'; of: Room; room: Room }
  | { do: 'allLeave'; of: Room; room: Room }
  /** An event that wants an acknowledgement, to one socket or to a room. */
  | { do: 'ask'; actor: Actor }
  | { do: 'askRoom'; room: Room }
  /** A client stops reading, and is sent more than the system takes; each may once. It reads on at `resume`, or when its turn comes. */
  | { do: 'stall'; actor: Stalling }
  | { do: 'resume'; actor: Stalling }
  /** The leaver's socket, with its connection or without it, or its client by itself. */
  | { do: 'disconnect'; how: 'connection' | 'namespace' | 'client' };

/**
 * Steps that run without a pause, and what calls them: a callback of the event loop, an actor's request that is answered first
 * (`request`) or by the hub when they have run (`event`), or the end of a publication.
 */
export interface Turn {
  by: 'now' | 'microtask' | 'tick' | 'immediate' | 'timer' | 'request' | 'event' | 'publication';
  actor: Actor;
  steps: Step[];
}

const actor = fc.constantFrom(...CAST);
const room = fc.constantFrom(...ROOMS);
const targets = (maxLength: number) =>
  fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: room }, { weight: 1, arbitrary: actor }), { maxLength });
const stalling = fc.constantFrom(...STALLING);
const rarely = fc.integer({ min: 0, max: 7 }).map((n) => n === 7);
const namespace = rarely.map((side): Namespace => (side ? '/side' : '/'));

const emit: fc.Arbitrary<Emit> = fc.record({
  do: fc.constant('emit' as const),
  from: fc.constantFrom<Emit['from'][]>('server', 'server', 'self', 'others'),
  actor,
  namespace,
  to: targets(3),
  except: fc.oneof({ weight: 3, arbitrary: fc.constant<Target[]>([]) }, { weight: 1, arbitrary: targets(2) }),
  payload: fc.constantFrom(...PAYLOADS),
  volatile: rarely,
  compress: rarely.map((off) => !off),
  local: rarely,
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 24, arbitrary: emit },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), actor, namespace, room }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), actor, namespace, room }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('allJoin' as const, 'allLeave' as const), of: room, room }) as fc.Arbitrary<Step>,
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ask' as const), actor }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('askRoom' as const), room }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('stall' as const, 'resume' as const), actor: stalling }) as fc.Arbitrary<Step> },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('disconnect' as const), how: fc.constantFrom('connection', 'namespace', 'client') }),
  },
);

const turn: fc.Arbitrary<Turn> = fc.record({
  by: fc.constantFrom('now', 'microtask', 'tick', 'immediate', 'immediate', 'timer', 'request', 'event', 'publication'),
  actor,
  steps: fc.array(step, { maxLength: 10 }),
});

/** Who is where when a script begins. */
export const OPENING: Turn = {
  by: 'now',
  actor: 'socket',
  steps: [
    ...CAST.map((one): Step => ({ do: 'join', actor: one, namespace: '/', room: one === 'other' ? 'b' : 'a' })),
    ...(['poll', 'upgrade'] as const).map((one): Step => ({ do: 'join', actor: one, namespace: '/', room: 'b' })),
    ...IN_SIDE.map((one): Step => ({ do: 'join', actor: one, namespace: '/side', room: 'a' })),
  ],
};

/** What a server does to its sockets, turn by turn. */
export const scripts: fc.Arbitrary<Turn[]> = fc.array(turn, { minLength: 1, maxLength: 20 });

/** What fills a connection whose client does not read. */
export const stallingPayload = (n: number): unknown[] => [Buffer.alloc(STALLING_BYTES, `${n} unread, `)];

const LONG = 'long Wörter, again and again; '.repeat(2_400);

/** The argument that goes with the event's number. Payloads of a kind resemble each other: what is compressed refers back. */
export function payloadOf(kind: PayloadKind, n: number): unknown[] {
  const bytes = Buffer.alloc(100 + (n % 60), `${n} bytes, `);
  const payloads: Record<PayloadKind, unknown[]> = {
    none: [],
    text: [`a few words ${n}`],
    unicode: [`żółć 😀 e\u0301 \u2028 \ud800 ${n}`],
    kilobytes: [LONG.slice(n, n + 1_500)],
    long: [LONG.slice(n, n + 65_530 + (n % 12))],
    bytes: [bytes],
    view: [new Uint8Array(bytes.buffer, bytes.byteOffset + 3, 20)],
    nested: [{ list: [bytes, { deep: bytes.subarray(5) }], text: 'ü' }],
  };
  return payloads[kind];
}
