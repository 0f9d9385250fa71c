import { Transform } from 'node:stream';
import { uncompressSync } from 'snappy';
import { HubError } from '../../shared/errors.js';

/** No element of the format unpacks to more: a copy of 64 bytes takes 3. */
const MAX_RATIO = 22;

const malformed = () => new HubError('invalid', 'the body is no snappy block');

/** The size that a block says it has when unpacked: a varint of 32 bits in front. */
function declaredBytes(block: Uint8Array): number {
  let size = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block[at];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return size;
  }
  throw malformed();
}

/**
 * Unpacks a block of snappy, as Prometheus and Loki are sent it; the size that it declares is looked at before any memory is taken. Source:
 * github.com/google/snappy, format_description.txt.
 * @param maxBytes 0: no limit
 * @throws HubError `too_large`, `invalid`
 */
export function unpackSnappy(block: Buffer, maxBytes: number): Buffer {
  const bytes = declaredBytes(block);
  if (maxBytes > 0 && bytes > maxBytes) throw new HubError('too_large', `a body has at most ${maxBytes} bytes, unpacked`);
  if (bytes > MAX_RATIO * block.length) throw malformed();
  try {
    return uncompressSync(block) as Buffer;
  } catch {
    throw malformed();
  }
}

/** Unpacks a stream that is one block of snappy, when it has ended: only as a whole can it be read. */
export function createUnsnappy(maxBytes: number): Transform {
  const chunks: Buffer[] = [];
  let kept = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      kept += chunk.length;
      done(maxBytes > 0 && kept > maxBytes ? new HubError('too_large', `a body has at most ${maxBytes} bytes`) : null);
    },
    flush(done) {
      try {
        done(null, unpackSnappy(Buffer.concat(chunks), maxBytes));
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
