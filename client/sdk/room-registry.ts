import type { HubError } from '../../shared/errors.js';
import { decodeFrame } from '../../shared/frame-codec.js';
import type { Frame } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { SubscribeRequest } from '../../shared/schemas.js';
import type { AnswerOf, HubSocket } from './api.js';
import type { Ask, Outcome } from './requests.js';
import type { RoomSubscription } from './room.js';
import type { Arrival } from './room-session.js';

/** Every subscription of a hub object, and the way of the wire's events to them. */
export class RoomRegistry {
  readonly #ask: Ask;
  readonly #rooms = new Map<RoomName, Set<RoomSubscription>>();
  /** What is under way on the wire for a room: subscribing and unsubscribing must not overtake each other. */
  readonly #underWay = new Map<RoomName, Promise<unknown>>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  listen(socket: HubSocket): void {
    socket.on('message', (message) => this.#arrive(message.room, { kind: 'message', message }));
    socket.on('frame', (frame) => this.#arrive(frame.room, { kind: 'frame', frame }));
    socket.on('frame:bytes', (bytes) => {
      const frame = readFrame(bytes);
      if (frame) this.#arrive(frame.room, { kind: 'frame', frame });
    });
    socket.on('lines', (batch) => this.#arrive(batch.room, { kind: 'lines', batch }));
    socket.on('job', (job) => this.#arrive(job.room, { kind: 'job', job }));
    socket.on('presence', (change) => this.#arrive(change.room, { kind: 'presence', change }));
    socket.on('typing', (typing) => {
      for (const room of this.of(typing.room)) room.pass('typing', typing);
    });
    socket.on('notice', (notice) => {
      if (notice.kind === 'gap') this.#arrive(notice.room, { kind: 'gap', position: notice.position });
      else if (notice.kind === 'lagging') this.#arrive(notice.room, notice);
    });
  }

  /** The subscriptions of one room, safe to change while walking. */
  of(room: RoomName): RoomSubscription[] {
    return [...(this.#rooms.get(room) ?? [])];
  }

  add(room: RoomSubscription): void {
    this.#rooms.set(room.name, (this.#rooms.get(room.name) ?? new Set()).add(room));
  }

  /** Takes a left subscription out; the room's last one takes the room off the wire. */
  remove(room: RoomSubscription): void {
    const rooms = this.#rooms.get(room.name);
    if (!rooms?.delete(room) || rooms.size > 0) return;
    this.#rooms.delete(room.name);
    void this.#inTurn(room.name, async () => {
      if (!this.#rooms.has(room.name)) await this.#ask('unsubscribe', { room: room.name });
    });
  }

  subscribe(room: RoomName, request: SubscribeRequest): Promise<Outcome<AnswerOf<'subscribe'>>> {
    return this.#inTurn(room, () => this.#ask('subscribe', request));
  }

  online(): void {
    for (const room of this.#all()) room.online();
  }

  offline(): void {
    for (const room of this.#all()) room.offline();
  }

  end(error: HubError): void {
    for (const room of this.#all()) room.end(error);
    this.#rooms.clear();
  }

  #all(): RoomSubscription[] {
    return [...this.#rooms.values()].flatMap((rooms) => [...rooms]);
  }

  #arrive(room: RoomName, arrival: Arrival): void {
    for (const subscription of this.of(room)) subscription.arrive(arrival);
  }

  #inTurn<Answer>(room: RoomName, run: () => Promise<Answer>): Promise<Answer> {
    const before = this.#underWay.get(room);
    const turn = before ? before.then(run) : run();
    this.#underWay.set(room, turn);
    const done = () => {
      if (this.#underWay.get(room) === turn) this.#underWay.delete(room);
    };
    turn.then(done, done);
    return turn;
  }
}

/** Undefined for bytes of another version: a frame stands for all before it, so the next one is as good. */
function readFrame(bytes: Uint8Array): Frame | undefined {
  try {
    return decodeFrame(bytes);
  } catch {
    return undefined;
  }
}
