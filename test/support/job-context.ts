import type { JobContext } from '../../server/jobs/handler.js';
import { createRoomReader } from '../../server/jobs/room-reader.js';
import { createMemoryRoomLog } from '../../server/log/memory-room-log.js';
import type { LogEntry } from '../../server/log/room-log.js';
import type { RoomName } from '../../shared/rooms.js';

const KEEP_ALL = { messages: 0, ttlMs: 0 };

/** A handler's surroundings in this thread: a room log to fill, and what the handler said, published and wrote. */
export function handlerContext({ now = () => 0 }: { now?: () => number } = {}) {
  const log = createMemoryRoomLog({ now });
  const abort = new AbortController();
  const progress: { done: number; note?: string; data?: unknown }[] = [];
  const written = { text: '', bytes: Buffer.alloc(0), finished: false, aborted: false };
  let messages = 0;
  const context: JobContext = {
    jobId: 'j1',
    attempt: 1,
    signal: abort.signal,
    progress: (done, more) => void progress.push({ done, ...structuredClone(more) }),
    publish: async () => ({ id: 'x', position: 'e:1', time: 0 }),
    log: { info() {}, warn() {}, error() {} },
    rooms: createRoomReader(log),
    async openResult({ name, contentType }) {
      return {
        async write(chunk) {
          written.text += chunk.toString();
          written.bytes = Buffer.concat([written.bytes, Buffer.from(chunk)]);
        },
        async finish() {
          written.finished = true;
          return { file: name, bytes: Buffer.byteLength(written.text), contentType };
        },
        async abort() {
          written.aborted = true;
        },
      };
    },
  };
  return {
    log,
    context,
    abort,
    progress,
    written,
    /** Appends a message and gives its position. */
    async say(room: string, type: string, data: unknown, from = { id: 'ann', name: 'Ann' }): Promise<string> {
      const { entry } = await log.append({ room: room as RoomName, id: `m${messages++}`, type, from, data }, KEEP_ALL);
      return `${entry.epoch}:${entry.seq}`;
    },
  };
}

/** The seqs of the entries whose message a handler asks for, from now on. */
export function countDecoded(context: JobContext): ReadonlySet<number> {
  const decoded = new Set<number>();
  const { pages } = context.rooms;
  const watched = (entry: LogEntry): LogEntry => ({
    epoch: entry.epoch,
    seq: entry.seq,
    bytes: entry.bytes,
    text: entry.text,
    json: entry.json,
    get message() {
      decoded.add(entry.seq);
      return entry.message;
    },
  });
  context.rooms.pages = async function* (room, range) {
    for await (const page of pages(room, range)) yield page.map(watched);
  };
  return decoded;
}
