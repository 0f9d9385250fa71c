/** Lines on their way: what comes while one batch is being sent is the next batch. */
export interface Outbox {
  /** Resolves when there is place for more. */
  put(line: string): Promise<void>;
  /** No more lines come. */
  end(): void;
  readonly ended: boolean;
  /** Resolves when all is sent after the end; rejects with what sending threw. */
  readonly sent: Promise<void>;
}

const BATCH_CHARS = 256 * 1024;
const BUFFER_CHARS = 4 * BATCH_CHARS;

/** `send` gets lines with their ends, one batch at a time, in order. */
export function createOutbox(send: (body: string) => Promise<void>): Outbox {
  const lines: string[] = [];
  let chars = 0;
  let state: 'open' | 'ended' | 'failed' = 'open';
  let wakeSender: () => void = () => {};
  let wakeWriter: () => void = () => {};

  function takeBatch(): string {
    let taken = 0;
    let batch = 0;
    while (taken < lines.length && (taken === 0 || batch + lines[taken]!.length < BATCH_CHARS)) batch += lines[taken++]!.length + 1;
    chars -= batch;
    return `${lines.splice(0, taken).join('\n')}\n`;
  }
  async function sendAll(): Promise<void> {
    try {
      while (lines.length > 0 || state === 'open') {
        if (lines.length > 0) await send(takeBatch());
        else await new Promise<void>((resolve) => (wakeSender = resolve));
        wakeWriter();
      }
    } catch (error) {
      state = 'failed';
      wakeWriter();
      throw error;
    }
  }

  return {
    sent: sendAll(),
    get ended() {
      return state !== 'open';
    },
    put: async (line) => {
      while (chars > BUFFER_CHARS && state === 'open') await new Promise<void>((resolve) => (wakeWriter = resolve));
      if (state !== 'open') return;
      lines.push(line);
      chars += line.length + 1;
      wakeSender();
    },
    end: () => {
      if (state === 'open') state = 'ended';
      wakeSender();
      wakeWriter();
    },
  };
}
