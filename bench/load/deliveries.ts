/** Between two looks at whether all has arrived. */
const LOOK_MS = 10;

/**
 * Follows numbered messages from the one who publishes to each who hears them, all in this process, so that one clock serves. Each
 * subscriber must hear every message once and in order.
 */
export class Deliveries {
  /** By message: when it was handed to the socket, in milliseconds of this process. */
  readonly #sentAt: number[] = [];
  /** By subscriber: the message that must come next. */
  readonly #next: number[];
  readonly #heard: { readonly message: number; readonly latencyMs: number }[] = [];
  #fault: Error | undefined;

  constructor(readonly subscribers: number) {
    this.#next = Array.from({ length: subscribers }, () => 0);
  }

  /** The number of the message that is sent now. */
  send(): number {
    return this.#sentAt.push(performance.now()) - 1;
  }

  hear(subscriber: number, message: number): void {
    const expected = this.#next[subscriber]!;
    if (message !== expected) this.#fault ??= new Error(`subscriber ${subscriber} heard message ${message} where ${expected} was next`);
    this.#next[subscriber] = message + 1;
    this.#heard.push({ message, latencyMs: performance.now() - this.#sentAt[message]! });
  }

  /**
   * Waits for the last message.
   * @throws Error when one is missing after `timeoutMs`, or came twice or out of order
   */
  async complete(timeoutMs: number): Promise<void> {
    const sent = this.#sentAt.length;
    const deadline = performance.now() + timeoutMs;
    while (!this.#fault && this.#next.some((next) => next < sent)) {
      const missing = this.#next.reduce((sum, next) => sum + sent - next, 0);
      if (performance.now() > deadline) throw new Error(`${missing} of ${sent * this.subscribers} deliveries did not come`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    if (this.#fault) throw this.#fault;
  }

  /**
   * Of a window, in milliseconds of this process: how many were sent in it, how long each delivery of those took, and how many deliveries,
   * of whatever was sent, came in it.
   */
  within(fromMs: number, toMs: number): { sent: number; latenciesMs: number[]; arrived: number } {
    const isWithin = (atMs: number) => atMs >= fromMs && atMs < toMs;
    return {
      sent: this.#sentAt.filter(isWithin).length,
      latenciesMs: this.#heard.filter(({ message }) => isWithin(this.#sentAt[message]!)).map(({ latencyMs }) => latencyMs),
      arrived: this.#heard.filter(({ message, latencyMs }) => isWithin(this.#sentAt[message]! + latencyMs)).length,
    };
  }
}
