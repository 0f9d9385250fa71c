import type { Socket } from 'node:net';
import type { Delivery, ToInstance } from './messages.js';

/** A connection, and what comes with it. */
export interface Parcel {
  readonly socket: Socket;
  readonly delivery: Delivery;
}

export type SendParcel = (message: ToInstance, socket: Socket, sent: (error: Error | null) => void) => void;

/** Milliseconds that an instance has to take a connection, before the next one is tried. */
const TAKE_MS = 10_000;

/**
 * Gives connections to one process, one at a time, as Node does too. The line stands here because Node forgets its own when the process dies, and
 * leaves those clients with an open connection that nobody answers.
 */
export class HandOut {
  /** The first is on its way. */
  readonly #line: (Parcel & { readonly number: number })[] = [];
  #given = 0;
  #givenUp = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `send` leaves the socket open here. */
  constructor(private readonly send: SendParcel) {}

  /** Connections so far, less those that were given up. */
  get given(): number {
    return this.#given - this.#givenUp;
  }

  get waiting(): number {
    return this.#line.length;
  }

  give(socket: Socket, delivery: Delivery): void {
    this.#line.push({ socket, delivery, number: ++this.#given });
    if (this.#line.length === 1) this.#sendFirst();
  }

  /** The process has all up to this number. */
  taken(number: number): void {
    if (this.#line[0] && this.#line[0].number <= number) this.#next();
  }

  /** Takes back those that were not sent. The first stays where it is: the process may have read from it. */
  takeBack(): Parcel[] {
    const rest = this.#line.splice(1);
    this.#givenUp += rest.length;
    return rest;
  }

  /** The process is gone. */
  end(): Parcel[] {
    const rest = this.takeBack();
    this.#next();
    return rest;
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#line.shift()?.socket.destroy();
    this.#sendFirst();
  }

  #sendFirst(): void {
    const [first] = this.#line;
    if (!first) return;
    const { socket, delivery, number } = first;
    this.#timer = setTimeout(() => this.#giveUp(), TAKE_MS).unref();
    this.send({ ...delivery, number }, socket, (error) => error && socket.destroy());
  }

  #giveUp(): void {
    this.#givenUp++;
    this.#next();
  }
}
