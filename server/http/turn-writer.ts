import type { Writable } from 'node:stream';

/** Characters waiting within one turn, past which the writer asks for a pause. */
const PENDING_CHARS = 64 * 1024;

/**
 * Writes to a reader: what comes in one turn of the event loop goes out in one write, and whoever writes is told when the
 * reader is behind. What is given while it is behind is still taken, so a caller that stops keeps the memory bounded.
 */
export class TurnWriter {
  #pending = '';
  #behind = false;

  /** @param onReady called once after each `false` of `write`, when the reader has caught up */
  constructor(
    private readonly out: Writable,
    private readonly onReady: () => void,
  ) {
    out.on('drain', () => this.#settle());
  }

  /** Whether everything written so far is on its way. */
  get idle(): boolean {
    return this.#pending === '' && !this.out.writableNeedDrain;
  }

  /** False: the reader is behind; nothing more until `onReady`. */
  write(text: string): boolean {
    if (this.#pending === '') queueMicrotask(() => this.flush());
    this.#pending += text;
    this.#behind ||= this.out.writableNeedDrain || this.#pending.length > PENDING_CHARS;
    return !this.#behind;
  }

  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    if (text === '' || this.out.destroyed || this.out.writableEnded) return;
    this.out.write(text);
    this.#settle();
  }

  #settle(): void {
    if (!this.#behind || this.out.writableNeedDrain) return;
    this.#behind = false;
    this.onReady();
  }
}
