import type { FileHandle } from 'node:fs/promises';
import { HubError } from '../../shared/errors.js';
import type { ResultWriter } from './result-store.js';

/** What is written at a time: it counts before it is on disk, where other threads see it. */
const PIECE_BYTES = 256 * 1024;
/** A writer looks at the disk's space each time it has written so much. */
const SPACE_LOOK_BYTES = 512 * 1024;

/** What stands around a file that is being written. */
interface FileEnd {
  readonly maxBytes: number;
  /** @throws HubError `storage_full` where the disk has too little space for so many bytes */
  assertSpaceFor(bytes: number): Promise<void>;
  /** Counts bytes that are about to be written. @throws HubError `storage_full` */
  take(bytes: number): Promise<void>;
  drop(): Promise<void>;
  finish(bytes: number): ReturnType<ResultWriter['finish']>;
}

export function fileWriter(handle: FileHandle, { maxBytes, assertSpaceFor, take, drop, finish }: FileEnd): ResultWriter {
  let bytes = 0;
  let lookAgainAt = SPACE_LOOK_BYTES;

  async function writePiece(piece: Uint8Array): Promise<void> {
    bytes += piece.length;
    if (bytes > maxBytes) throw new HubError('too_large', `the result has more than ${maxBytes} bytes`);
    await take(piece.length);
    if (bytes >= lookAgainAt) {
      await assertSpaceFor(piece.length);
      lookAgainAt = bytes + SPACE_LOOK_BYTES;
    }
    await handle.appendFile(piece).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOSPC' ? new HubError('storage_full') : error;
    });
  }

  return {
    async write(chunk) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let at = 0; at < data.length; at += PIECE_BYTES) await writePiece(data.subarray(at, at + PIECE_BYTES));
    },
    async finish() {
      await handle.close();
      return finish(bytes);
    },
    async abort() {
      await handle.close().catch(() => {});
      await drop();
    },
  };
}
