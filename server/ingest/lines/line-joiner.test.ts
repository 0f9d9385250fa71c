import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '../../../test/support/manual-clock.js';
import type { StreamLine } from '../line-stream.js';
import { joinLive, joinWhole, LineJoiner } from './line-joiner.js';
import { JOIN_RULES, type JoinRule, parseRoomJoinRule, roomJoinRules } from './line-rules.js';

const streamLines = (text: string): StreamLine[] => text.split('\n').map((line, i) => ({ text: line, number: i + 1, cut: false }));

function join(text: string, rule: JoinRule = 'traces', bounds: { maxBytes?: number; maxLines?: number } = {}): string[] {
  const joiner = new LineJoiner({ rule, maxBytes: 10_000, ...bounds });
  return [...joiner.push(streamLines(text)), ...joiner.flush()].map((line) => line.text).filter((line) => line !== '');
}

const TRACES: Record<string, string> = {
  Java: `2024-05-01T10:00:00Z ERROR app: failed
java.lang.IllegalStateException: no
\tat com.x.A.b(A.java:7)
\tat com.x.A.c(A.java:8)
Caused by: java.io.IOException: disk
\tat com.x.D.e(D.java:9)
\t... 12 more`,
  JavaScript: `Error: connect ECONNREFUSED 127.0.0.1:1
    at TCPConnectWrap.afterConnect (node:net:1555:16) {
  errno: -111,
  code: 'ECONNREFUSED'
}`,
  Python: `ERROR:root:it failed
Traceback (most recent call last):
  File "/x.py", line 3, in <module>
    f()
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/x.py", line 5, in <module>
ValueError`,
  '.NET': `Unhandled exception. System.Exception: outer
 ---> System.IO.IOException: inner
   at X.B() in /x.cs:line 7
   --- End of inner exception stack trace ---
   at X.Main() in /x.cs:line 3`,
  Go: `panic: boom

goroutine 1 [running]:
main.f(0x1)
\t/tmp/x.go:5 +0x18
main.main()
\t/tmp/x.go:9 +0x20
exit status 2`,
  PHP: `PHP Fatal error:  Uncaught Exception: no in /x.php:3
#0 /x.php(7): f()
#1 {main}
  thrown in /x.php on line 3`,
};

test.each(Object.entries(TRACES))('a stack trace of %s is one entry, between its neighbours', (_language, trace) => {
  expect(join(`before\n${trace}\nafter it\nand more`)).toEqual(['before', trace, 'after it', 'and more']);
  expect(join(`${trace}\n${trace}`)).toEqual([trace, trace]);
  const coloured = trace.replace(/^.+$/gm, '\u001b[31m$&\u001b[0m');
  expect(join(`${coloured}\nafter it`)).toEqual([coloured, 'after it']);
});

test('a trace belongs to the error that was logged before it, and to no other line', () => {
  expect(join('Error: a\nError: b\nit ended with\nError: c')).toEqual(['Error: a', 'Error: b', 'it ended with', 'Error: c']);
  const trace = 'Traceback (most recent call last):\n  File "x", line 1\nKeyError: 1';
  expect(join(`it runs\n${trace}\nit ends`)).toEqual(['it runs', trace, 'it ends']);
  expect(join(`${trace}\n\nit ends`)).toEqual([trace, 'it ends']);
});

test('what one coloured head begins is not held against the next one', () => {
  const red = (text: string) => `\u001b[31m${text}\u001b[0m`;
  const raised = 'IOException: disk\n  at a.b(c)\n  at d.e(f)';
  const severe = `${red('ERROR it failed')}\n${raised}`;
  const mild = red('INFO it goes on');
  expect(join(`${severe}\n${mild}\n${raised}\n${severe}`)).toEqual([severe, mild, 'IOException: disk\n  at a.b(c)\n  at d.e(f)', severe]);
});

test('lines that are no trace are not joined, unless the rule says so', () => {
  const text = 'list:\n  one\n  two\n{"msg":"json"}\n  three\nend';
  expect(join(text)).toEqual(text.split('\n'));
  expect(join(text, 'indented')).toEqual(['list:\n  one\n  two', '{"msg":"json"}', '  three', 'end']);
  expect(join(text, 'off')).toEqual(text.split('\n'));
  expect(join('{\n  "a": 1\n}\n{\n  "a": 2\n}', 'indented')).toEqual(['{\n  "a": 1\n}', '{\n  "a": 2\n}']);
});

test('dated: an entry begins with a time', () => {
  const entries = [
    '2024-05-01 10:00:00 SELECT\nFROM a\n\tWHERE b',
    '[2024-05-01T10:00:01Z] two',
    '10:00:02.5 three\nof it',
    'Oct 11 22:14:15 h a: four',
    '<11>five',
    'E0102 15:04:05 six',
    '{"time":7}',
  ];
  expect(join(entries.join('\n'), 'dated')).toEqual(entries);
});

test('rooms have their rules, the first that fits', () => {
  const ruleOf = roomJoinRules(['logs:api=dated', 'logs:build-*=off', 'logs:*=indented', 'logs:build-x=dated']);
  expect(['logs:api', 'logs:build-x', 'logs:b', 'chat:x'].map(ruleOf)).toEqual(['dated', 'off', 'indented', 'traces']);
  for (const text of ['logs:api', 'logs:api=', 'logs:api=(a+)+$', '=off', 'logs:*x=off', 'logs: a=off', ''])
    expect([text, parseRoomJoinRule(text)]).toEqual([text, undefined]);
});

test('past its bounds an entry is closed, and nothing is left out', () => {
  const lines = ['head', ...Array.from({ length: 25 }, (_, i) => `\tat f${i}`)];
  expect(join(lines.join('\n'), 'traces', { maxLines: 10 }).map((text) => text.split('\n').length)).toEqual([10, 10, 6]);
  const bySize = join(lines.join('\n'), 'traces', { maxBytes: 50 });
  expect(bySize.join('\n')).toBe(lines.join('\n'));
  for (const entry of bySize) expect(entry.length).toBeLessThanOrEqual(50);
});

test('every line is in one entry, in order, under every rule', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      '  x',
      '\tat y',
      'Traceback (most recent call last):',
      'panic: x',
      'goroutine 1 [r]:',
      '}',
      '{"a":1}',
      'Caused by: z',
    ),
    fc.string({ unit: fc.constantFrom('a', ' ', ':', '('), maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...JOIN_RULES), fc.array(line, { maxLength: 30 }), (rule, lines) => {
      const text = (parts: readonly string[]) => parts.flatMap((part) => part.split('\n')).filter((part) => part.trim() !== '');
      expect(text(join(lines.join('\n'), rule)).map((part) => part.trimEnd())).toEqual(text(lines).map((part) => part.trimEnd()));
    }),
    { numRuns: 1_000 },
  );
});

/** Lines that a test hands in one by one, joined with a clock of its own. */
function live() {
  const clock = new ManualClock();
  const given: ((result: IteratorResult<StreamLine[]>) => void)[] = [];
  const left: (() => void)[] = [];
  const source: AsyncIterable<StreamLine[]> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => given.push(resolve)),
      return: async () => {
        for (const call of left) call();
        return { done: true, value: undefined };
      },
    }),
  };
  const seen: string[] = [];
  const joined = joinLive(source, { rule: 'traces', maxBytes: 1_000, clock, quietMs: 100, maxMs: 250 });
  const reading = (async () => {
    for await (const batch of joined) seen.push(...batch.map(({ text }) => text));
  })();
  const write = async (text: string) => {
    given.shift()!({ done: false, value: streamLines(text) });
    await clock.advance(0);
  };
  const end = async () => {
    given.shift()!({ done: true, value: undefined });
    await reading;
  };
  return { clock, seen, write, end };
}

test('in a body that stays open, an entry goes on when no further line comes in time', async () => {
  const { clock, seen, write, end } = live();
  await write('one\ntwo');
  expect(seen).toEqual(['one']);
  await clock.advance(99);
  expect(seen).toEqual(['one']);
  await clock.advance(1);
  expect(seen).toEqual(['one', 'two']);
  await write('{"msg":"three"}');
  expect(seen.at(-1)).toBe('{"msg":"three"}');
  await write('four');
  await clock.advance(90);
  await write('\tat a');
  await clock.advance(90);
  await write('\tat b');
  expect(seen).toHaveLength(3);
  await clock.advance(70);
  expect(seen.at(-1)).toBe('four\n\tat a\n\tat b');
  await write('five');
  await end();
  expect(seen.at(-1)).toBe('five');
  expect(clock.armed).toBe(0);
});

async function readAll(batches: AsyncIterable<StreamLine[]>, seen: StreamLine[][] = []): Promise<void> {
  for await (const batch of batches) seen.push(batch);
}

test('a fault of the body, and a reader that leaves, end it', async () => {
  async function* failing(): AsyncGenerator<StreamLine[]> {
    yield streamLines('a');
    throw new Error('gone');
  }
  const clock = new ManualClock();
  const seen: StreamLine[][] = [];
  await expect(readAll(joinLive(failing(), { rule: 'traces', maxBytes: 100, clock }), seen)).rejects.toThrow('gone');
  expect(seen.flat()).toEqual(streamLines('a'));
  await expect(readAll(joinWhole(failing(), { rule: 'traces', maxBytes: 100 }))).rejects.toThrow('gone');
  for await (const _ of joinLive(failing(), { rule: 'traces', maxBytes: 100, clock })) break;
  expect(clock.armed).toBe(0);
});
