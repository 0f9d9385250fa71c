import { randomFillSync } from 'node:crypto';

/** Random bytes are asked for by so many texts at a time: a call costs far more than its bytes. */
const TEXTS_PER_FILL = 256;

/** Makes random texts, each of so many bytes. */
export function createRandomTexts(bytes: number, encoding: 'hex' | 'base64url'): () => string {
  const filled = Buffer.alloc(bytes * TEXTS_PER_FILL);
  let used = filled.length;
  return () => {
    if (used === filled.length) {
      randomFillSync(filled);
      used = 0;
    }
    used += bytes;
    return filled.toString(encoding, used - bytes, used);
  };
}
