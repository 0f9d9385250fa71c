import { randomFillSync } from 'node:crypto';

const TIME_CHARS = 9;
const COUNT_CHARS = 3;
const COUNTS = 36 ** COUNT_CHARS;
const RANDOM_BYTES = 6;
/** Random bytes are asked for by so many ids at a time: a call costs far more than its bytes. */
const IDS_PER_FILL = 256;

/** Job ids of one process: 24 letters and digits, rising with each call; those of several processes rise with their clocks. */
export function createJobIds(now: () => number): () => string {
  let lastMs = 0;
  let count = 0;
  const nextRandom = randomParts();
  return () => {
    const ms = Math.max(now(), lastMs);
    count = ms === lastMs ? count + 1 : 0;
    lastMs = count < COUNTS ? ms : ms + 1;
    count %= COUNTS;
    const place = lastMs.toString(36).padStart(TIME_CHARS, '0') + count.toString(36).padStart(COUNT_CHARS, '0');
    return place + nextRandom();
  };
}

function randomParts(): () => string {
  const bytes = Buffer.alloc(RANDOM_BYTES * IDS_PER_FILL);
  let at = bytes.length;
  return () => {
    if (at === bytes.length) {
      randomFillSync(bytes);
      at = 0;
    }
    at += RANDOM_BYTES;
    return bytes.toString('hex', at - RANDOM_BYTES, at);
  };
}
