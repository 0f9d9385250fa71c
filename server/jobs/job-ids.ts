import { createRandomTexts } from '../random-texts.js';

const TIME_CHARS = 9;
const COUNT_CHARS = 3;
const COUNTS = 36 ** COUNT_CHARS;
const RANDOM_BYTES = 6;

/** Job ids of one process: 24 letters and digits, rising with each call; those of several processes rise with their clocks. */
export function createJobIds(now: () => number): () => string {
  let lastMs = 0;
  let count = 0;
  const nextRandom = createRandomTexts(RANDOM_BYTES, 'hex');
  return () => {
    const ms = Math.max(now(), lastMs);
    count = ms === lastMs ? count + 1 : 0;
    lastMs = count < COUNTS ? ms : ms + 1;
    count %= COUNTS;
    const place = lastMs.toString(36).padStart(TIME_CHARS, '0') + count.toString(36).padStart(COUNT_CHARS, '0');
    return place + nextRandom();
  };
}
