import type { BroadcastOperator, DefaultEventsMap, Socket as ServerSocket } from 'socket.io';
import { z } from 'zod';
import type { Listener } from './delivery-listener.js';
import { DeliveryModel } from './delivery-model.js';
import {
  type Actor,
  CAST,
  type Emit,
  IN_SIDE,
  type Namespace,
  OPENING,
  payloadOf,
  type Room,
  type Stalling,
  type Step,
  stallingPayload,
  type Target,
  type Turn,
} from './delivery-script.js';
import { type Stage, settleAll } from './delivery-stage.js';
import type { ClientOptions } from './stock-client.js';
import { waitFor } from './wait.js';

/** The hub's event whose handler runs the turn that is due. */
const EVENT = 'run';
const ANSWER_MS = 8_000;

/** How everybody in a script connects, beside the transports. */
export type Dressing = Partial<Record<Actor, ClientOptions>>;

/** By actor, and faults besides. */
interface Outcome {
  heard: Record<string, string[]>;
  expected: Record<string, string[]>;
}

/** Runs scripts on a stage. Each has its own cast. */
export class ScriptRunner {
  /** Called by the event `run`. */
  #onEvent: () => void = () => {};
  #scripts = 0;

  constructor(
    readonly stage: Stage,
    private readonly dressing: Dressing = {},
  ) {
    stage.hub.handle(EVENT, z.unknown(), () => this.#onEvent());
  }

  /** Gives what each actor heard, and what it should have. */
  async run(turns: readonly Turn[]): Promise<Outcome> {
    // Rooms of its own: the server may not have noticed yet that the cast of the last script has gone.
    const script = `script-${++this.#scripts}`;
    const cast = await this.#meet(hubRoomsOf(script));
    const performance = new Performance(this.stage, cast, script, (run) => {
      this.#onEvent = run;
    });
    try {
      for (const turn of [OPENING, ...turns]) await performance.turn(turn);
      return await performance.end();
    } finally {
      for (const { socket } of cast.values()) socket.disconnect();
    }
  }

  /** The last one comes when all are there, so that its upgrade falls into the script. */
  async #meet(rooms: readonly string[]): Promise<Map<Actor, Listener>> {
    const others = CAST.filter((actor) => actor !== 'upgrade');
    const listeners = await Promise.all(
      others.map(async (actor) => {
        const transports = [actor === 'poll' ? 'polling' : 'websocket'];
        const listener = await this.stage.connect({ transports, ...this.dressing[actor] }, actor);
        if (IN_SIDE.includes(actor)) await this.stage.enterSide(listener);
        return listener;
      }),
    );
    for (const room of rooms) await this.stage.subscribe(room, ...listeners);
    const upgrade = await this.stage.meet({ transports: ['polling', 'websocket'], ...this.dressing.upgrade }, 'upgrade');
    // As if it had subscribed: that would take two round trips, and the upgrade with them.
    await upgrade.here.join(rooms.map((room) => `{${room}}`));
    return new Map([...others.map((actor, index) => [actor, listeners[index]!] as const), ['upgrade', upgrade]]);
  }
}

/** Everybody subscribes to both. */
const hubRoomsOf = (script: string) => [`chat:${script}-x`, `chat:${script}-y`] as const;

type Operator = BroadcastOperator<DefaultEventsMap, unknown>;

/** Calls it as the turn says, and waits until it has run. */
function later(by: Turn['by'], run: () => void): Promise<void> | void {
  const callers: Partial<Record<Turn['by'], (call: () => void) => void>> = {
    microtask: queueMicrotask,
    tick: process.nextTick,
    immediate: setImmediate,
    timer: (call) => setTimeout(call, 0),
  };
  const caller = callers[by];
  if (!caller) return run();
  return new Promise((resolve) =>
    caller(() => {
      run();
      resolve();
    }),
  );
}

/** What a step sends, behind its number. */
function payloadFor(step: Step, n: number): unknown[] {
  if (step.do === 'emit') return payloadOf(step.payload, n);
  return step.do === 'stall' ? stallingPayload(n) : [];
}

/** One script on its way, with the model beside it. */
class Performance {
  readonly #model = new DeliveryModel();
  readonly #answers: Promise<unknown>[] = [];
  readonly #faults: string[] = [];
  /** Who has stopped reading in this script, and whether it still does not. */
  readonly #stalled = new Map<Stalling, boolean>();
  /** Who waits for an answer. */
  #asking: Actor | undefined;
  #n = 0;

  constructor(
    private readonly stage: Stage,
    private readonly cast: ReadonlyMap<Actor, Listener>,
    private readonly script: string,
    private readonly onEvent: (run: () => void) => void,
  ) {}

  async turn({ by, actor, steps }: Turn): Promise<void> {
    const run = () => {
      for (const step of steps) this.#step(step);
    };
    if (by === 'request' || by === 'event') return this.#request(by, actor, run);
    if (by === 'publication') await this.#publish();
    await later(by, run);
  }

  /** Several at once: the memory log takes them in the order of the calls, and its followers hear each before its promise resolves. */
  async #publish(): Promise<void> {
    const [first, second] = hubRoomsOf(this.script);
    const published = [first, second, first].map((room) => ({ room, args: [this.#n++, 'published'] }));
    await Promise.all(published.map(({ room, args }) => this.stage.hub.publish(room, args)));
    for (const { args } of published) this.#model.publish(args);
  }

  async end(): Promise<Outcome> {
    for (const actor of this.#stalled.keys()) this.#resume(actor);
    await settleAll([...this.cast.values()]).catch((error) => this.#faults.push(String(error)));
    for (const { status } of await Promise.allSettled(this.#answers))
      if (status === 'rejected') this.#faults.push('a question has no answer');
    const heard = Object.fromEntries([...this.cast].map(([actor, listener]) => [actor, listener.heard]));
    const expected = Object.fromEntries(CAST.map((actor) => [actor, this.#model.expected(actor, heard[actor]!)]));
    return { heard: { ...heard, faults: this.#faults }, expected: { ...expected, faults: [] } };
  }

  /** Steps inside a handler of somebody's own, who is answered first, or of the hub, which answers behind it. */
  async #request(by: 'request' | 'event', actor: Actor, run: () => void): Promise<void> {
    if (!this.#isThere(actor)) return run();
    const listener = this.cast.get(actor)!;
    const { socket, here, name } = listener;
    this.#resume(actor);
    await waitFor(() => socket.connected, { what: `${name} to connect` });
    const gone = new Promise((resolve) => socket.once('disconnect', resolve));
    this.onEvent(run);
    here.removeAllListeners('request').once('request', (n: number, ack: (answer: unknown) => void) => {
      ack(n);
      this.#model.acknowledge(actor, n);
      run();
    });
    this.#asking = actor;
    await Promise.race([listener.ask(by === 'event' ? EVENT : 'request', this.#n++), gone]);
    this.#asking = undefined;
    if (by === 'event' && this.#isThere(actor)) this.#model.acknowledge(actor, { ok: true });
  }

  #step(step: Step): void {
    if (!this.#canDo(step)) return;
    const n = this.#n++;
    const args = [n, ...payloadFor(step, n)];
    this.#perform(step, args);
    this.#model.step(step, args);
  }

  /** Whoever does it is there, and whoever is asked will answer. */
  #canDo(step: Step): boolean {
    if (step.do === 'askRoom') return !this.#model.membersOf(step.room).has('leaver');
    if (step.do === 'ask') return step.actor !== 'leaver';
    if (step.do === 'disconnect') return this.#isThere('leaver');
    if (step.do === 'stall') return !this.#stalled.has(step.actor) && step.actor !== this.#asking;
    if (step.do === 'resume') return true;
    if (step.do === 'emit' && step.from === 'server') return true;
    return !('actor' in step) || this.#model.isIn(step.namespace, step.actor);
  }

  #isThere(actor: Actor): boolean {
    return this.#model.isIn('/', actor) && !this.#model.isCut(actor);
  }

  #perform(step: Step, args: unknown[]): void {
    const { io } = this.stage;
    if (step.do === 'emit') this.#emit(step, args);
    else if (step.do === 'join') void this.#half(step.actor, step.namespace).join(this.#room(step.room));
    else if (step.do === 'leave') void this.#half(step.actor, step.namespace).leave(this.#room(step.room));
    else if (step.do === 'allJoin') io.in(this.#room(step.of)).socketsJoin(this.#room(step.room));
    else if (step.do === 'allLeave') io.in(this.#room(step.of)).socketsLeave(this.#room(step.room));
    else if (step.do === 'ask') this.#ask(this.#half(step.actor), args);
    else if (step.do === 'askRoom') this.#ask(io.to(this.#room(step.room)), args);
    else if (step.do === 'stall') this.#stall(step.actor, args);
    else if (step.do === 'resume') this.#resume(step.actor);
    else if (step.how === 'client') this.cast.get('leaver')!.socket.disconnect();
    else this.#half('leaver').disconnect(step.how === 'connection');
  }

  #emit({ from, actor, namespace, to, except, ...flags }: Emit, args: unknown[]): void {
    const half = () => this.#half(actor, namespace);
    if (from === 'self') {
      const socket = flags.volatile ? half().volatile : half();
      socket.compress(flags.compress).emit('e', ...args);
      return;
    }
    let operator: Operator = from === 'others' ? half().broadcast : this.stage.io.of(namespace).except([]);
    if (flags.volatile) operator = operator.volatile;
    if (flags.local) operator = operator.local;
    if (!flags.compress) operator = operator.compress(false);
    operator
      .to(this.#roomsOf(to, namespace))
      .except(this.#roomsOf(except, namespace))
      .emit('e', ...args);
  }

  #stall(actor: Stalling, args: unknown[]): void {
    this.#stalled.set(actor, true);
    this.cast.get(actor)!.websocket.pause();
    this.#half(actor)
      .compress(false)
      .emit('e', ...args);
  }

  #resume(actor: Actor): void {
    if (!this.#stalled.get(actor as Stalling)) return;
    this.#stalled.set(actor as Stalling, false);
    this.cast.get(actor)!.websocket.resume();
  }

  #ask(whom: ServerSocket | Operator, args: unknown[]): void {
    this.#answers.push(whom.timeout(ANSWER_MS).emitWithAck('e', ...args));
  }

  #roomsOf(targets: readonly Target[], namespace: Namespace): string[] {
    return targets.map((target) => {
      const listener = this.cast.get(target as Actor);
      return listener ? (listener.halves.get(namespace)?.id ?? 'nobody') : this.#room(target as Room);
    });
  }

  #room(room: Room): string {
    return `${room} of ${this.script}`;
  }

  #half(actor: Actor, namespace: Namespace = '/'): ServerSocket {
    return this.cast.get(actor)!.halves.get(namespace)!;
  }
}
