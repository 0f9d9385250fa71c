import { HubError } from '../../shared/errors.js';

/** A command that has to be made again: where else, and after how long. */
export interface Redirection<Place> {
  readonly to: Place | undefined;
  readonly afterMs: number;
}

interface Command<Place> {
  readonly order: number;
  readonly expiresAt: number;
  to: Place | undefined;
  redirected: boolean;
  attempt(to: Place | undefined, redirected: boolean): Promise<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** The commands of one hash tag: `waiting` ones were redirected, or came after one that was. */
interface Lane<Place> {
  readonly tag: string;
  inFlight: number;
  waiting: Command<Place>[];
  afterMs: number;
  /** Where the last command that was answered went. */
  answered?: { readonly to: Place | undefined };
}

interface TagOrderOptions<Place> {
  /** What an error means: undefined, it is the command's answer. */
  redirection(error: unknown): Redirection<Place> | undefined;
  /** Milliseconds after which a command that is still redirected fails. */
  readonly giveUpMs: number;
  readonly waitingMax: number;
}

/**
 * Keeps the order in which commands of one hash tag were given, while its slot moves between two servers: those that
 * the former one sent away are not overtaken by later ones that already know the new one. As long as nothing moves nothing waits.
 */
export class TagOrder<Place> {
  readonly #options: TagOrderOptions<Place>;
  readonly #lanes = new Map<string, Lane<Place>>();
  #given = 0;
  #waiting = 0;

  constructor(options: TagOrderOptions<Place>) {
    this.#options = options;
  }

  /** @throws what the last attempt threw, and HubError `unavailable` when too many wait */
  run<Result>(tag: string, attempt: (to: Place | undefined, redirected: boolean) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const expiresAt = performance.now() + this.#options.giveUpMs;
      // `resolve` gets what this command's own attempt gave.
      const settle = { resolve: resolve as (result: unknown) => void, reject };
      const command = { order: this.#given++, expiresAt, to: undefined, redirected: false, attempt, ...settle };
      const lane = this.#lane(tag);
      if (lane.waiting.length === 0) this.#start(lane, command);
      else this.#wait(lane, command);
    });
  }

  #lane(tag: string): Lane<Place> {
    const lane = this.#lanes.get(tag) ?? { tag, inFlight: 0, waiting: [], afterMs: 0 };
    this.#lanes.set(tag, lane);
    return lane;
  }

  #start(lane: Lane<Place>, command: Command<Place>): void {
    lane.inFlight++;
    command.attempt(command.to, command.redirected).then(
      (result) => {
        lane.answered = { to: command.to };
        command.resolve(result);
        this.#ended(lane);
      },
      (error: unknown) => {
        this.#failed(lane, command, error);
        this.#ended(lane);
      },
    );
  }

  #failed(lane: Lane<Place>, command: Command<Place>, error: unknown): void {
    const redirection = this.#options.redirection(error);
    lane.answered = redirection ? undefined : { to: command.to };
    if (!redirection || performance.now() >= command.expiresAt) {
      command.reject(error);
      return;
    }
    command.to = redirection.to;
    command.redirected = true;
    lane.afterMs = redirection.afterMs;
    this.#wait(lane, command);
  }

  #wait(lane: Lane<Place>, command: Command<Place>): void {
    if (this.#waiting >= this.#options.waitingMax) {
      command.reject(new HubError('unavailable', 'Too many commands wait for a part of Redis that moves; nothing was stored.'));
      return;
    }
    this.#waiting++;
    // Answers of one connection come in order, so the place is almost always the last one.
    let at = lane.waiting.length;
    while (at > 0 && lane.waiting[at - 1]!.order > command.order) at--;
    lane.waiting.splice(at, 0, command);
  }

  #ended(lane: Lane<Place>): void {
    if (--lane.inFlight > 0) return;
    if (lane.waiting.length === 0) this.#lanes.delete(lane.tag);
    else if (lane.answered) this.#release(lane, lane.waiting.length, lane.answered.to);
    // One goes ahead, to see whether the tag has settled.
    else if (lane.afterMs === 0) this.#release(lane, 1, lane.waiting[0]!.to);
    else setTimeout(() => this.#release(lane, 1, lane.waiting[0]!.to), lane.afterMs);
  }

  #release(lane: Lane<Place>, count: number, to: Place | undefined): void {
    const released = lane.waiting.splice(0, count);
    this.#waiting -= released.length;
    lane.answered = undefined;
    for (const command of released) {
      command.to = to;
      command.redirected = true;
      this.#start(lane, command);
    }
  }
}
