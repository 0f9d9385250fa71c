import { type Position, type PositionParts, parsePosition } from '../../shared/position.js';
import type { Frame, JobState, LineBatch, Message, SubscribeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import type { RoomEvents } from './api.js';
import type { Refusal } from './requests.js';

/** What one subscription wants of its room, over all connections. */
export interface SessionWish {
  readonly room: RoomName;
  readonly last?: number;
  readonly maxHz?: number;
  /** What it sees of the room. */
  readonly view?: Pick<SubscribeRequest, 'series' | 'rates' | 'quantiles' | 'binary' | 'points' | 'downsample' | 'filter' | 'skip'>;
  /** Each subscription starts anew, with a snapshot, instead of continuing from the cursor. */
  readonly anew?: boolean;
}

/** What came from the hub for this room, in the order of arrival. */
export type Arrival =
  | { kind: 'message'; message: Message }
  | { kind: 'job'; job: JobState & { room: RoomName; position: Position } }
  | { kind: 'frame'; frame: Frame }
  | { kind: 'lines'; batch: LineBatch }
  | { kind: 'presence'; change: Parameters<RoomEvents['presence']>[0] }
  | { kind: 'gap'; position: Position }
  | { kind: 'lagging'; behind: number; dropped?: number };

type Phase =
  /** No connection. */
  | { at: 'away' }
  /** The hub refused for now; a timer runs. */
  | { at: 'paused'; attempts: number }
  /** The request is on its way; what arrives meanwhile waits for its answer. */
  | { at: 'subscribing'; attempts: number; held: readonly Arrival[]; overflow: boolean }
  /** `thinnedTo`: the hub said that it leaves messages out up to this seq, so holes before it are told instead of filled. */
  | { at: 'live'; thinnedTo: number }
  | { at: 'ended' };

export interface Session {
  readonly wish: SessionWish;
  readonly phase: Phase;
  /** The newest position that the listener has, or knows to be missing. */
  readonly cursor: Position | undefined;
  /** An answer came before: the first one readies the room, later ones recover it. */
  readonly answered: boolean;
  /** The log was reset while this session listened: messages of the new epoch may repeat ids of the old one. */
  readonly crossedEpochs: boolean;
  /** Times that a hole was asked for since the last message that came in order. */
  readonly heals: number;
}

export type SessionEvent =
  | { kind: 'online' }
  | { kind: 'offline' }
  | { kind: 'answered'; answer: SubscribeAnswer }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'wake' }
  | { kind: 'leave' }
  | Arrival;

/** One emission towards the listeners of the room. */
export type Emission = { [Event in keyof RoomEvents]: { event: Event; payload: Parameters<RoomEvents[Event]>[0] } }[keyof RoomEvents];

export type SessionEffect =
  | { do: 'subscribe'; request: SubscribeRequest }
  /** Send `wake` after a backoff; `authenticate` first where it is set. */
  | { do: 'pause'; attempts: number; atLeastMs: number; authenticate: boolean }
  | { do: 'ready'; answer: SubscribeAnswer }
  | { do: 'fail'; refusal: Refusal }
  /** `unlessSeen`: leave it out when a message of this id was given before. */
  | { do: 'emit'; emission: Emission; unlessSeen?: string };

export type Step = readonly [Session, readonly SessionEffect[]];

/** Arrivals that wait for an answer; past it the newest are dropped and asked for again. */
const HELD_MAX = 5_000;

export function startSession(wish: SessionWish, since?: Position): Session {
  return { wish, phase: { at: 'away' }, cursor: since, answered: false, crossedEpochs: false, heals: 0 };
}

/**
 * One step of a subscription: what it becomes, and what is to be done. It gives messages in order and once, whatever the order of answers
 * and arrivals, by asking again from its cursor when it meets a hole.
 * @throws HubError `invalid` when a position cannot be read; the session stays as it was
 */
export function reduceSession(session: Session, event: SessionEvent): Step {
  if (session.phase.at === 'ended') return [session, []];
  switch (event.kind) {
    case 'online':
      return subscribe(session, 0);
    case 'offline':
      return [{ ...session, phase: { at: 'away' } }, []];
    case 'wake':
      return session.phase.at === 'paused' ? subscribe(session, session.phase.attempts) : [session, []];
    case 'leave':
      return [{ ...session, phase: { at: 'ended' } }, []];
    case 'refused':
      return session.phase.at === 'subscribing' ? refused(session, session.phase.attempts, event.refusal) : [session, []];
    case 'answered':
      return session.phase.at === 'subscribing' ? answered(session, session.phase, event.answer) : [session, []];
    default:
      return session.phase.at === 'subscribing' ? hold(session, session.phase, event) : arrived(session, event);
  }
}

function subscribe(session: Session, attempts: number): Step {
  const { wish } = session;
  const cursor = continued(session);
  const request: SubscribeRequest = { room: wish.room, ...wish.view };
  if (cursor !== undefined) request.since = cursor;
  if (wish.last !== undefined) request.last = wish.last;
  if (wish.maxHz !== undefined) request.maxHz = wish.maxHz;
  return [{ ...session, phase: { at: 'subscribing', attempts, held: [], overflow: false } }, [{ do: 'subscribe', request }]];
}

function refused(session: Session, attempts: number, refusal: Refusal): Step {
  if (refusal.retry === 'never') return [{ ...session, phase: { at: 'ended' } }, [{ do: 'fail', refusal }]];
  return pause(session, attempts + 1, refusal.retryAfterMs, refusal.retry === 'after-auth');
}

function pause(session: Session, attempts: number, atLeastMs = 0, authenticate = false): Step {
  return [{ ...session, phase: { at: 'paused', attempts } }, [{ do: 'pause', attempts, atLeastMs, authenticate }]];
}

function hold(session: Session, phase: Phase & { at: 'subscribing' }, arrival: Arrival): Step {
  const fits = phase.held.length < HELD_MAX;
  const next: Phase = fits ? { ...phase, held: [...phase.held, arrival] } : { ...phase, overflow: true };
  return [{ ...session, phase: next }, []];
}

function answered(session: Session, phase: Phase & { at: 'subscribing' }, answer: SubscribeAnswer): Step {
  const cursor = continued(session);
  const fresh = cursor === undefined ? answer.messages : newerThan(cursor, answer);
  const crossedEpochs = session.crossedEpochs || changesEpoch(cursor, answer.position);
  const effects: SessionEffect[] = session.answered ? [] : [{ do: 'ready', answer }];
  effects.push(emit('subscribed', answer));
  if (cursor !== undefined && !answer.recovered) effects.push(emit('gap', { after: cursor, position: answer.position }));
  const { lines = [], position } = answer;
  if (lines.length > 0) effects.push(emit('lines', { room: session.wish.room, after: cursor ?? position, position, lines }));
  for (const message of fresh) effects.push(emitMessage(message, crossedEpochs));
  if (cursor !== undefined && answer.recovered) {
    effects.push(emit('recovered', { position: answer.position, messages: fresh.length }));
  }
  const live: Session = { ...session, answered: true, crossedEpochs, cursor: answer.position, phase: { at: 'live', thinnedTo: 0 } };
  return replay(live, phase, effects);
}

/** Gives the arrivals that waited for the answer their turn. */
function replay(live: Session, { held, overflow }: Phase & { at: 'subscribing' }, effects: SessionEffect[]): Step {
  let current = live;
  for (const arrival of held) {
    const [next, more] = reduceSession(current, arrival);
    current = next;
    effects.push(...more);
  }
  if (!overflow || current.phase.at !== 'live') return [current, effects];
  const [asking, more] = heal(current);
  return [asking, [...effects, ...more]];
}

/** The answer's messages that come after the cursor. */
function newerThan(cursor: Position, answer: SubscribeAnswer): Message[] {
  const have = parsePosition(cursor);
  return answer.messages.filter((message) => {
    const { epoch, seq } = parsePosition(message.position);
    return epoch !== have.epoch || seq > have.seq;
  });
}

function arrived(session: Session, arrival: Arrival): Step {
  switch (arrival.kind) {
    case 'message':
      return inOrder(session, arrival.message.position, emitMessage(arrival.message, session.crossedEpochs));
    case 'job':
      return inOrder(session, arrival.job.position, emit('job', arrival.job));
    case 'frame':
      return frame(session, arrival.frame);
    case 'lines':
      return lines(session, arrival.batch);
    case 'presence':
      return [session, [emit('presence', arrival.change)]];
    case 'gap':
      return gap(session, arrival.position);
    case 'lagging':
      return [lagging(session, arrival), []];
  }
}

/** A message takes its place: the next one is given, an older one dropped, a later one means a hole. */
function inOrder(session: Session, position: Position, emission: SessionEffect): Step {
  const { cursor, phase } = session;
  if (cursor === undefined) return [session, []];
  const have = parsePosition(cursor);
  const got = parsePosition(position);
  if (got.epoch === have.epoch && got.seq <= have.seq) return [session, []];
  if (follows(have, got)) {
    return [{ ...session, cursor: position, heals: 0 }, [emission]];
  }
  // Between connections nothing can be asked: the next subscription brings it.
  if (phase.at !== 'live') return [session, []];
  if (got.epoch === have.epoch && have.seq < phase.thinnedTo) {
    return [{ ...session, cursor: position }, [emit('gap', { after: cursor, position }), emission]];
  }
  return heal(session);
}

/** What the hub leaves out lies between what has come and where the room stood then. */
function lagging(session: Session, { behind, dropped = 0 }: { behind: number; dropped?: number }): Session {
  const { phase, cursor } = session;
  if (phase.at !== 'live' || cursor === undefined || dropped === 0) return session;
  return { ...session, phase: { ...phase, thinnedTo: parsePosition(cursor).seq + behind } };
}

/** Asks again from the cursor: at once for a first hole, with a backoff when asking did not help. What met the hole comes with the answer. */
function heal(session: Session): Step {
  const counted: Session = { ...session, heals: session.heals + 1 };
  return session.heals === 0 ? subscribe(counted, 0) : pause(counted, session.heals);
}

/** A frame stands for all before it, so holes between frames mean nothing. Frames of an earlier connection are stale. */
function frame(session: Session, frame: Frame): Step {
  if (session.phase.at !== 'live') return [session, []];
  if (frame.position === undefined) return [session, [emit('frame', frame)]];
  if (session.cursor !== undefined) {
    const have = parsePosition(session.cursor);
    const got = parsePosition(frame.position);
    if (got.epoch === have.epoch && got.seq <= have.seq) return [session, []];
  }
  return [{ ...session, cursor: frame.position }, [emit('frame', frame)]];
}

/** A batch begins at or before the cursor, and what lies between has come; one that begins later means a hole. */
function lines(session: Session, batch: LineBatch): Step {
  const { cursor, phase } = session;
  if (cursor === undefined) return [session, []];
  const have = parsePosition(cursor);
  const after = parsePosition(batch.after);
  const upTo = parsePosition(batch.position);
  if (upTo.epoch === have.epoch && upTo.seq <= have.seq) return [session, []];
  if (after.epoch === have.epoch && after.seq <= have.seq) {
    return [{ ...session, cursor: batch.position, heals: 0 }, [emit('lines', batch)]];
  }
  return phase.at === 'live' ? heal(session) : [session, []];
}

/** The position that a subscription continues from. */
function continued({ wish, cursor }: Session): Position | undefined {
  return wish.anew ? undefined : cursor;
}

function gap(session: Session, position: Position): Step {
  const crossedEpochs = session.crossedEpochs || changesEpoch(session.cursor, position);
  return [{ ...session, cursor: position, crossedEpochs }, [emit('gap', { after: session.cursor, position })]];
}

function follows(have: PositionParts, got: PositionParts): boolean {
  return got.epoch === have.epoch && got.seq === have.seq + 1;
}

function changesEpoch(cursor: Position | undefined, position: Position): boolean {
  return cursor !== undefined && parsePosition(cursor).epoch !== parsePosition(position).epoch;
}

/** A job room's stored states are given as the `job` events that they are when live. */
function emitMessage(message: Message, crossedEpochs: boolean): SessionEffect {
  const { room, position } = message;
  if (room.startsWith('job:') && message.type === 'job') return emit('job', { ...(message.data as JobState), room, position });
  const effect = emit('message', message);
  return crossedEpochs ? { ...effect, unlessSeen: message.id } : effect;
}

function emit<Event extends keyof RoomEvents>(event: Event, payload: Parameters<RoomEvents[Event]>[0]): SessionEffect & { do: 'emit' } {
  return { do: 'emit', emission: { event, payload } as Emission };
}
