/** Entries of one or more lines, of which the first was read at a time. */
export interface PipeBatch {
  /** Lines with their ends. */
  readonly body: string;
  /** Milliseconds since 1970 at which its first entry was read. */
  readonly readAt: number;
}

/** Entries on their way: what comes while one batch is being sent is the next batch. */
export interface PipeOutbox {
  /** Resolves when there is place for more. */
  put(entry: string): Promise<void>;
  /** No more entries come. */
  end(): void;
  readonly ended: boolean;
  /** Resolves when all is sent after the end; rejects with what sending threw. */
  readonly sent: Promise<void>;
}

const BATCH_CHARS = 256 * 1024;
const BUFFER_CHARS = 4 * BATCH_CHARS;
/** Between the first and the last entry of a batch: they have one time where the hub has to be told it. */
const BATCH_MS = 1_000;

interface Waiting {
  readonly text: string;
  readonly readAt: number;
}

/** `send` gets one batch at a time, in order. No entry is in two batches. */
export function createPipeOutbox(send: (batch: PipeBatch) => Promise<void>, now: () => number = Date.now): PipeOutbox {
  const waiting: Waiting[] = [];
  let chars = 0;
  let state: 'open' | 'ended' | 'failed' = 'open';
  let wakeSender: () => void = () => {};
  let wakeWriter: () => void = () => {};

  function takeBatch(first: Waiting): PipeBatch {
    let taken = 0;
    let size = 0;
    for (const { text, readAt } of waiting) {
      if (taken > 0 && (size + text.length > BATCH_CHARS || readAt - first.readAt > BATCH_MS)) break;
      size += text.length + 1;
      taken++;
    }
    chars -= size;
    const texts = waiting.splice(0, taken).map(({ text }) => text);
    return { body: `${texts.join('\n')}\n`, readAt: first.readAt };
  }
  async function sendAll(): Promise<void> {
    try {
      for (let first = waiting[0]; first || state === 'open'; first = waiting[0]) {
        if (first) await send(takeBatch(first));
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
    put: async (text) => {
      while (chars > BUFFER_CHARS && state === 'open') await new Promise<void>((resolve) => (wakeWriter = resolve));
      if (state !== 'open') return;
      waiting.push({ text, readAt: now() });
      chars += text.length + 1;
      wakeSender();
    },
    end: () => {
      if (state === 'open') state = 'ended';
      wakeSender();
      wakeWriter();
    },
  };
}
