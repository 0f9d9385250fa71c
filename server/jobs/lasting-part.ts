/** A queue or a worker of BullMQ. */
interface Part {
  /** Rejects when its connection could not be set up. */
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
}

/** Milliseconds before a part whose connection could not be set up is made anew. */
const ANEW_MS = 1_000;

/**
 * A part of BullMQ that is made anew until its connection is set up. One for which that fails, as where Redis stands still at that moment, stays as it is: a queue
 * refuses everything from then on, and a worker asks for jobs without a pause, for which the process has no turn for anything else.
 */
export class LastingPart<P extends Part> {
  private part: P;
  private isLast = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly open: () => P,
    private readonly anewMs = ANEW_MS,
  ) {
    this.part = this.watched(open());
  }

  get current(): P {
    return this.part;
  }

  /** The part of now, which is not made anew any more. */
  last(): P {
    this.isLast = true;
    clearTimeout(this.timer);
    return this.part;
  }

  private watched(part: P): P {
    part.waitUntilReady().catch(() => this.replace(part));
    return part;
  }

  private replace(failed: P): void {
    failed.close(true).catch(() => {});
    if (this.isLast) return;
    this.timer = setTimeout(() => {
      this.part = this.watched(this.open());
    }, this.anewMs).unref();
  }
}
