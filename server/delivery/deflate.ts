import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';

/** A payload's compressed form, at once or later. */
export interface Deflated {
  readonly bytes: Uint8Array | undefined;
  readonly pending: Promise<unknown> | undefined;
}

/** From here on the event loop does not wait for it: about a millisecond of work. */
const OFF_LOOP_BYTES = 32 * 1024;
/** Each message stands alone (no context takeover), so that all who get it can have the same bytes. */
const OPTIONS: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, level: 1, memLevel: 8, windowBits: 15 };
/** The end of a sync flush, which permessage-deflate leaves out (RFC 7692, 7.2.1). */
const TAIL_BYTES = 4;

const deflateLater = promisify<Buffer | string, ZlibOptions, Buffer>(deflateRaw);

/** Compresses a message for permessage-deflate: large ones in zlib's threads. What cannot be compressed goes plain. */
export function deflateMessage(payload: string | Uint8Array): Deflated {
  if (payload.length < OFF_LOOP_BYTES) return { bytes: withoutTail(deflateRawSync(payload, OPTIONS)), pending: undefined };
  return new DeflatedLater(payload);
}

class DeflatedLater implements Deflated {
  bytes: Uint8Array | undefined;
  pending: Promise<unknown> | undefined;

  constructor(payload: string | Uint8Array) {
    const source = typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.pending = deflateLater(source, OPTIONS).then(
      (deflated) => {
        this.bytes = withoutTail(deflated);
        this.pending = undefined;
      },
      () => {
        this.pending = undefined;
      },
    );
  }
}

const withoutTail = (deflated: Buffer) => deflated.subarray(0, deflated.byteLength - TAIL_BYTES);
