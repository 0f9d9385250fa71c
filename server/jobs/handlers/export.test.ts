import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countDecoded, handlerContext } from '../../../test/support/job-context.js';
import { createRoomReader } from '../room-reader.js';
import { run } from './export.js';
import { type EXPORT_FORMATS, FORMATS } from './export-formats.js';
import { exportInput } from './inputs.js';

const ROOM = 'chat:team/a';
type Format = (typeof EXPORT_FORMATS)[number];

async function exported(format: Format, fill: (say: ReturnType<typeof handlerContext>['say']) => Promise<unknown>) {
  const surroundings = handlerContext({ now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
  await fill(surroundings.say);
  const result = await run(exportInput.parse({ room: ROOM, format }), surroundings.context);
  return { ...surroundings, result, text: surroundings.written.text };
}

/** The cells of a CSV file, read as RFC 4180 has it. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('what is written', () => {
  test('is oldest first, edited, without deleted messages and without those that edit or delete', async () => {
    const { text, result } = await exported('ndjson', async (say) => {
      const first = await say(ROOM, 'text', { text: 'frist', mood: 'x' });
      const second = await say(ROOM, 'text', { text: 'second' });
      await say(ROOM, 'text', { text: 'third' });
      await say(ROOM, 'edit', { target: first, text: 'first' });
      await say(ROOM, 'delete', { target: second });
      await say(ROOM, 'reaction', { target: first, emoji: '👍', on: true });
    });
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { type: 'text', data: { text: 'first', mood: 'x' }, edited: true, from: { id: 'ann' } },
      { type: 'text', data: { text: 'third' } },
      { type: 'reaction' },
    ]);
    expect(result).toEqual({
      file: 'chat-team-a.ndjson',
      contentType: 'application/x-ndjson',
      bytes: Buffer.byteLength(text),
      messages: 3,
    });
  });

  test('is the whole room, page after page, with rising progress', async () => {
    const { text, progress } = await exported('ndjson', async (say) => {
      for (let n = 0; n < 1_234; n++) await say(ROOM, 'text', { text: `${n}` });
    });
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).data.text),
    ).toEqual(Array.from({ length: 1_234 }, (_, n) => `${n}`));
    const done = progress.map((part) => part.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(1);
  });

  test('of an empty room is an empty file', async () => {
    const { text, result, written } = await exported('ndjson', async () => {});
    expect({ text, messages: result.messages, finished: written.finished }).toEqual({ text: '', messages: 0, finished: true });
  });

  test('keeps bytes as base64', async () => {
    const { text } = await exported('ndjson', (say) => say(ROOM, 'file', { body: Buffer.from('hello') }));
    expect(JSON.parse(text).data).toEqual({ body: { base64: Buffer.from('hello').toString('base64') } });
  });

  test('is the stored text itself, where nothing became of a message', async () => {
    const { say, context, written } = handlerContext();
    await say(ROOM, 'text', { text: 'it said {"type":"edit"}, "é"' });
    const edited = await say(ROOM, 'text', { text: 'frist' });
    await say(ROOM, 'text', { text: 'as it is', like: { type: 'edit' } });
    await say(ROOM, 'file', { body: Buffer.from('b') });
    await say(ROOM, 'edit', { target: edited, text: 'first' });
    const decoded = countDecoded(context);
    await run({ room: ROOM, format: 'ndjson' }, context);
    const lines = written.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(
      lines.map(({ room, position, id, type, from, time, data, edited = false }) => [room, position, id, type, from, time, data, edited]),
    ).toEqual(
      [
        ['text', { text: 'it said {"type":"edit"}, "é"' }, false],
        ['text', { text: 'first' }, true],
        ['text', { text: 'as it is', like: { type: 'edit' } }, false],
        ['file', { body: { base64: 'Yg==' } }, false],
      ].map(([type, data, isEdited], n) => {
        const epoch = edited.split(':')[0];
        return [ROOM, `${epoch}:${n + 1}`, `m${n}`, type, { id: 'ann', name: 'Ann' }, 0, data, isEdited];
      }),
    );
    expect([...decoded].sort()).toEqual([2, 4, 5]);
  });

  test('is dropped when the room is begun anew meanwhile, whose messages the edits are not about', async () => {
    const { say, log, context, written } = handlerContext();
    const anew = handlerContext();
    await say(ROOM, 'edit', { target: await say(ROOM, 'text', { text: 'frist' }), text: 'first' });
    await anew.say(ROOM, 'text', { text: 'another' });
    let current = log;
    const rooms = createRoomReader({ read: (room, range) => current.read(room, range), ends: (room) => current.ends(room) });
    const openResult: typeof context.openResult = (file) => {
      current = anew.log;
      return context.openResult(file);
    };
    const exporting = run({ room: ROOM, format: 'ndjson' }, { ...context, rooms, openResult });
    await expect(exporting).rejects.toMatchObject({ code: 'unavailable' });
    expect(written).toMatchObject({ aborted: true, finished: false });
  });

  test('is dropped when the job is stopped', async () => {
    const { say, context, abort, written } = handlerContext();
    await say(ROOM, 'text', { text: 'x' });
    const openResult: typeof context.openResult = (file) => {
      abort.abort(new Error('enough'));
      return context.openResult(file);
    };
    await expect(run({ room: ROOM, format: 'csv' }, { ...context, openResult })).rejects.toThrow('enough');
    expect(written).toMatchObject({ aborted: true, finished: false });
  });
});

describe('CSV', () => {
  test('has a row for a message, a line and a value', async () => {
    const { text } = await exported('csv', async (say) => {
      await say(ROOM, 'text', { text: 'hi', extra: { a: 1 } });
      await say(ROOM, 'lines', { lines: [{ text: 'up', level: 'info', source: 'api', time: 0 }, { text: 'down' }] });
      await say(ROOM, 'samples', { t: 1_000, names: ['cpu', 'mem'], values: [-1.5, 2] });
    });
    const [head, ...rows] = readCsv(text);
    const named = rows.map((row) => Object.fromEntries(row.map((cell, i) => [head![i], cell]).filter(([, cell]) => cell !== '')));
    expect(named).toMatchObject([
      {
        type: 'text',
        text: 'hi',
        data: '{"extra":{"a":1}}'.replace('"extra"', '"extra"'),
        from_name: 'Ann',
        time: '2026-01-02T03:04:05.006Z',
      },
      { type: 'lines', text: 'up', level: 'info', source: 'api', time: '1970-01-01T00:00:00.000Z' },
      { type: 'lines', text: 'down' },
      { type: 'samples', series: 'cpu', value: '-1.5', time: '1970-01-01T00:00:01.000Z' },
      { type: 'samples', series: 'mem', value: '2' },
    ]);
  });

  test('brings every text back, and none that a spreadsheet would run', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', '"', ',', 'a', 'é', "'"), minLength: 1 }),
        async (text) => {
          const [, row] = readCsv((await exported('csv', (say) => say(ROOM, 'text', { text }, { id: text, name: text }))).text);
          for (const cell of [row![3]!, row![4]!, row![5]!]) {
            expect(cell.replace(/^'(?=[=+\-@\t\r\n])/, '')).toBe(/^'[=+\-@\t\r\n]/.test(text) ? text.slice(1) : text);
            expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
          }
        },
      ),
    );
  });
});

describe('HTML', () => {
  test('shows what was said as text, whatever it is', async () => {
    const evil = `<img src=x onerror="alert('1')">&amp;`;
    const { text } = await exported('html', (say) => say(ROOM, 'text', { text: evil }, { id: 'x', name: '<b>Eve</b>' }));
    expect(text).not.toContain('<img');
    expect(text).not.toContain('<b>');
    expect(text).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;');
    expect(text).toContain(`default-src 'none'`);
  });

  test('escapes any text so that no tag or attribute begins in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ' ', '/') }), (text) => {
        const message = {
          room: 'chat:x',
          position: 'e:1',
          id: '1',
          type: 'text',
          from: { id: 'a', name: text },
          time: 0,
          data: { text },
        } as const;
        const cells = FORMATS.html.write(message, false).replace(/<\/?(tr|td)( class="[a-z]+")?>/g, '');
        expect(cells).not.toMatch(/[<>"']/);
      }),
    );
  });

  test('leaves reactions out and shows other types as their data', async () => {
    const { text } = await exported('html', async (say) => {
      await say(ROOM, 'reaction', { target: 'e:1', emoji: '👍', on: true });
      await say(ROOM, 'poll', { question: 'why' });
    });
    expect(text).not.toContain('👍');
    expect(text).toContain('poll {&quot;question&quot;:&quot;why&quot;}');
  });
});
