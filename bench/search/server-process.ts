import { readFileSync } from 'node:fs';
import { createHub, type Hub } from '../../server/roomcast.js';
import { answerCalls } from '../process.js';
import { HISTORY_ROOM, type Memory, type ServerCalls } from './calls.js';

/** Publications under way at a time while the room is filled. */
const FILL_AT_ONCE = 2_000;
const LOOK_MS = 20;
const WORDS = 'the quick brown fox jumps over a lazy dog while nobody looks at what it does there today'.split(' ');
const TEXT_WORDS = 12;

let hub: Hub | undefined;
let before: Memory = { rss: 0, anonymous: 0 };
let highest = before;

/** A text like any other; the same for the same number. */
function textOf(n: number, messages: number): string {
  const words = Array.from({ length: TEXT_WORDS }, (_, place) => WORDS[(n * 31 + place * place * 7 + (n >> 5)) % WORDS.length]);
  const part = Math.max(1, Math.floor(messages / 10));
  return `${words.join(' ')}${n % part === part - 1 ? ' needle' : ''} ${n}`;
}

function readMemory(): Memory {
  const status = readFileSync('/proc/self/status', 'utf8');
  const bytesOf = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1_024;
  return { rss: bytesOf('VmRSS'), anonymous: bytesOf('RssAnon') };
}

function look(): void {
  const { rss, anonymous } = readMemory();
  highest = { rss: Math.max(highest.rss, rss), anonymous: Math.max(highest.anonymous, anonymous) };
}

answerCalls<ServerCalls>({
  async open({ dataDir }) {
    hub = await createHub({
      port: 0,
      dataDir,
      limits: false,
      logLevel: 'warn',
      chatHistoryMessages: 0,
      chatHistoryTtlMs: 0,
      jobThreads: 1,
    });
    return { url: hub.url };
  },
  async fill({ messages }) {
    for (let from = 0; from < messages; from += FILL_AT_ONCE) {
      const count = Math.min(FILL_AT_ONCE, messages - from);
      const publish = (n: number) => hub!.publish(HISTORY_ROOM, { text: textOf(n, messages) }, { id: `h${n}` });
      await Promise.all(Array.from({ length: count }, (_, place) => publish(from + place)));
    }
  },
  async watchMemory() {
    before = readMemory();
    highest = before;
    setInterval(look, LOOK_MS);
  },
  async growth() {
    look();
    return { rss: highest.rss - before.rss, anonymous: highest.anonymous - before.anonymous };
  },
});
