import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { LogLine } from '../../shared/schemas.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { LogTap, type LogTapOptions } from './log-tap.js';
import { createLogger, type LoggerOptions } from './logger.js';

function capture(options: Partial<LoggerOptions> = {}) {
  const written: string[] = [];
  const logger = createLogger({ level: 'debug', format: 'pretty', write: (text) => written.push(text), ...options });
  return { logger, written };
}

test('a pretty line has time, level, text and fields, in one line', () => {
  const { logger, written } = capture();
  logger.info({ room: 'chat:a', ms: 5, why: 'two words' }, 'subscribed');
  logger.debug('plain');
  expect(written[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}subscribed room=chat:a ms=5 why="two words"\n$/);
  expect(written[1]).toMatch(/ DEBUG plain\n$/);
});

test('an error shows its message, and its stack where it is serious', () => {
  const { logger, written } = capture();
  logger.warn({ err: new HubError('busy', 'a queue is full') }, 'refused');
  logger.error({ err: new TypeError('boom') }, 'failed');
  expect(written[0]).toMatch(/refused error="a queue is full"\n$/);
  expect(written[1]).toMatch(/failed error="boom"\nTypeError: boom\n {4}at /);
});

test('what comes from outside cannot write lines or escape sequences', () => {
  const { logger, written } = capture();
  logger.info({ name: 'a\n12:00 ERROR forged', esc: '\u001b[2J', csi: 'x\u009b2J' }, 'joined\u001b[31m');
  expect(written.join('').trimEnd()).not.toMatch(/\p{Cc}/u);
});

test('JSON lines have level, time, node, text and fields; secrets are hidden', () => {
  const { logger, written } = capture({ format: 'json', node: 'n1' });
  logger.info({ token: 'abc', auth: { password: 'x', user: 'u' } }, 'in');
  expect(JSON.parse(written[0] ?? '')).toEqual({
    level: 30,
    time: expect.any(Number),
    node: 'n1',
    token: '[secret]',
    auth: { password: '[secret]', user: 'u' },
    msg: 'in',
  });
});

test('the tap gets lines of its level as flat log lines, but none about its own room', () => {
  const lines: LogLine[] = [];
  const { logger } = capture({ format: 'json', node: 'n1', tap: { write: (line) => lines.push(line) }, tapRoom: 'logs:hub' });
  logger.debug('too fine');
  logger.info({ room: 'logs:hub' }, 'about itself');
  logger.warn({ room: 'chat:a', deep: { a: { b: { c: 1 } } }, err: new Error('x') }, 'hello');
  expect(lines).toEqual([
    {
      text: 'hello',
      level: 'warn',
      time: expect.any(Number),
      source: 'n1',
      fields: {
        room: 'chat:a',
        'deep.a': '{"b":{"c":1}}',
        'err.type': 'Error',
        'err.message': 'x',
        'err.stack': expect.stringContaining('at '),
      },
    },
  ]);
});

test('logging never throws, whatever is logged and wherever it goes', () => {
  const { logger } = capture({
    write: () => {
      throw new Error('closed');
    },
    tap: {
      write: () => {
        throw new Error('closed');
      },
    },
  });
  let deep: unknown = 1;
  for (let i = 0; i < 20_000; i++) deep = [deep];
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const fields of [{ deep }, cycle, { big: 1n }, { fn() {} }]) expect(() => logger.info(fields, 'odd')).not.toThrow();
});

function tapOn(options: Partial<LogTapOptions> = {}) {
  const clock = new ManualClock();
  const store: { lines: LogLine[]; messages: number; error?: unknown } = { lines: [], messages: 0 };
  const publish = async (lines: LogLine[]) => {
    if (store.error) throw store.error;
    store.messages++;
    store.lines.push(...lines);
  };
  const tap = new LogTap({ clock, ...options });
  const say = (...texts: string[]) => {
    for (const text of texts) tap.write({ text });
  };
  return { clock, tap, store, publish, say, texts: () => store.lines.map(({ text }) => text) };
}

test('lines from before the room is there reach it in order, in few messages', async () => {
  const { clock, tap, store, publish, say, texts } = tapOn();
  say('a', 'b');
  await clock.advance(1_000);
  tap.start(publish);
  say('c');
  await clock.advance(1_000);
  expect(texts()).toEqual(['a', 'b', 'c']);
  expect(store.messages).toBeLessThanOrEqual(2);
  expect(clock.armed).toBe(0);
});

test('while the store is away lines wait in bounded number, and the room is told what was left out', async () => {
  let dropped = 0;
  const { clock, tap, store, publish, say, texts } = tapOn({
    lines: 3,
    onDropped: (lines) => {
      dropped += lines;
    },
  });
  tap.start(publish);
  store.error = new HubError('unavailable');
  say('1', '2');
  await clock.advance(5_000);
  say('3', '4', '5', '6', '7');
  store.error = undefined;
  await clock.advance(5_000);
  expect(texts()).toEqual(['1', '2', '5', '6', '7', '2 lines of this log were left out']);
  expect(dropped).toBe(2);
});

test('what publishing logs is not published again', async () => {
  const { clock, tap, store, say, texts } = tapOn();
  let calls = 0;
  tap.start(async (lines) => {
    calls++;
    say('publishing');
    await Promise.resolve();
    say('published');
    store.lines.push(...lines);
  });
  say('hello');
  await clock.advance(60_000);
  expect([texts(), calls]).toEqual([['hello'], 1]);
});

test('a flood of lines is cut to a rate', async () => {
  const { clock, tap, publish, say, texts } = tapOn({ linesPerSecond: 10 });
  tap.start(publish);
  for (let i = 0; i < 1_000; i++) say(`line ${i}`);
  await clock.advance(1_000);
  expect(texts()).toHaveLength(11);
  expect(texts().at(-1)).toBe('990 lines of this log were left out');
});

test('stopping publishes what waits, and does not hang on a store that is away', async () => {
  const { tap, store, publish, say, texts } = tapOn();
  tap.start(publish);
  say('last words');
  await tap.stop();
  expect(texts()).toEqual(['last words']);
  store.error = new HubError('unavailable');
  tap.start(publish);
  say('lost');
  await tap.stop();
});
