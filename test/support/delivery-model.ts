import { ackLineOf, lineOf } from './delivery-listener.js';
import { type Actor, CAST, type Emit, IN_SIDE, type Namespace, type Room, type Step, type Target } from './delivery-script.js';

interface Due {
  line: string;
  /** Volatile: it may be missing. */
  optional: boolean;
}

/** What stock Socket.IO would have sent to whom: each emit goes to those who are in its rooms when it is called, in the order of the calls. */
export class DeliveryModel {
  readonly #due = new Map<Actor, Due[]>(CAST.map((actor) => [actor, []]));
  readonly #rooms = new Map<string, Set<Actor>>();
  /** Who is connected, by namespace. */
  readonly #present: Record<Namespace, Set<Actor>> = { '/': new Set(CAST), '/side': new Set(IN_SIDE) };
  /** Whose connection was ended, by whichever side: an end of what is due to them may be missing. */
  readonly #cut = new Set<Actor>();

  isIn(namespace: Namespace, actor: Actor): boolean {
    return this.#present[namespace].has(actor);
  }

  isCut(actor: Actor): boolean {
    return this.#cut.has(actor);
  }

  /** `args` are an emit's arguments, or a question's. */
  step(step: Step, args: readonly unknown[]): void {
    if (step.do === 'emit') this.#emit(step, args);
    else if (step.do === 'join') this.#join(step.namespace, step.actor, step.room);
    else if (step.do === 'leave') this.#members(step.namespace, step.room).delete(step.actor);
    else if (step.do === 'allJoin') for (const actor of this.membersOf(step.of)) this.#join('/', actor, step.room);
    else if (step.do === 'allLeave') for (const actor of [...this.membersOf(step.of)]) this.#members('/', step.room).delete(actor);
    else if (step.do === 'ask' || step.do === 'stall') this.#give(step.actor, lineOf(args));
    else if (step.do === 'askRoom') for (const actor of this.membersOf(step.room)) this.#give(actor, lineOf(args));
    else if (step.do === 'disconnect') this.#disconnect(step.how);
  }

  membersOf(room: Room): ReadonlySet<Actor> {
    return this.#members('/', room);
  }

  acknowledge(actor: Actor, answer: unknown): void {
    this.#give(actor, ackLineOf(answer));
  }

  /** To all who have subscribed, as everybody does first. */
  publish(args: readonly unknown[]): void {
    for (const actor of this.#present['/']) this.#give(actor, lineOf(args));
  }

  /** What should have been heard, given what was: without the optional that was not, and cut where the connection was. */
  expected(actor: Actor, heard: readonly string[]): string[] {
    const arrived = new Set(heard);
    const lines = this.#due.get(actor)!.flatMap(({ line, optional }) => (optional && !arrived.has(line) ? [] : [line]));
    return this.#cut.has(actor) ? lines.slice(0, heard.length) : lines;
  }

  #emit({ from, actor, namespace, to, except, volatile }: Emit, args: readonly unknown[]): void {
    const line = lineOf(args, namespace);
    for (const one of from === 'self' ? [actor] : this.#recipients(namespace, to, except)) {
      if (from === 'others' && one === actor) continue;
      if (this.isIn(namespace, one)) this.#give(one, line, volatile);
    }
  }

  #recipients(namespace: Namespace, to: readonly Target[], except: readonly Target[]): Set<Actor> {
    const within = (targets: readonly Target[]) => new Set(targets.flatMap((target) => [...this.#members(namespace, target)]));
    const excepted = within(except);
    return new Set([...(to.length > 0 ? within(to) : this.#present[namespace])].filter((actor) => !excepted.has(actor)));
  }

  #join(namespace: Namespace, actor: Actor, room: Target): void {
    if (this.isIn(namespace, actor)) this.#members(namespace, room).add(actor);
  }

  #members(namespace: Namespace, target: Target): Set<Actor> {
    if (isActor(target)) return new Set([target]);
    const key = `${namespace} ${target}`;
    const members = this.#rooms.get(key) ?? new Set();
    this.#rooms.set(key, members);
    return members;
  }

  #disconnect(how: 'connection' | 'namespace' | 'client'): void {
    if (!this.isIn('/', 'leaver')) return;
    if (how !== 'namespace') this.#cut.add('leaver');
    // The server does not know yet that the client has gone.
    if (how === 'client') return;
    this.#present['/'].delete('leaver');
    for (const members of this.#rooms.values()) members.delete('leaver');
  }

  #give(actor: Actor, line: string, optional = false): void {
    this.#due.get(actor)!.push({ line, optional });
  }
}

const isActor = (target: Target): target is Actor => (CAST as readonly string[]).includes(target);
