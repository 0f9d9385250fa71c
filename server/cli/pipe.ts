import { LOG_LEVELS } from '../../shared/schemas.js';
import { choice, onOff, optionalText, type TextForm, whole } from '../config/option.js';
import { CLIENT_OPTIONS, OPTIONS } from '../config/options.js';
import { ConfigError, readOptions } from '../config/read.js';
import { readLines, type StreamLine } from '../ingest/line-stream.js';
import { joinLive } from '../ingest/lines/line-joiner.js';
import { isJoinRule, JOIN_RULES, type JoinRule } from '../ingest/lines/line-rules.js';
import { systemClock } from '../observe/clock.js';
import { type Command, EXIT, type Terminal } from './command.js';
import { createPipeOutbox, type PipeOutbox } from './pipe-outbox.js';
import { PipeSender } from './pipe-sender.js';

const LINE_BYTES = 256 * 1024;
/** What a hub takes as one line: an entry that is joined from several has no more. */
const ENTRY_BYTES = 60 * 1024;

const oneOf = (words: readonly string[]): TextForm => ({
  accepts: words.join(', ').replace(/, ([^,]*)$/, ' or $1'),
  fits: (text) => words.includes(text),
});
const FLAG = { env: false } as const;
const SOURCE: TextForm = { accepts: 'a text of at most 256 characters', fits: (text) => text.length > 0 && text.length <= 256 };

const options = {
  ...CLIENT_OPTIONS,
  format: choice(['lines', 'ndjson'], 'lines', 'What stdin holds: plain lines, or one JSON value per line.', FLAG),
  level: optionalText(oneOf(LOG_LEVELS), 'Level of the lines that name none.', FLAG),
  source: optionalText(SOURCE, 'Source of the lines that name none.', FLAG),
  multiline: optionalText(oneOf(JOIN_RULES), "Which lines are joined into one entry; left out, the room's own rule says it.", {
    ...FLAG,
    defaultText: "the room's",
  }),
  tee: onOff(false, 'Print the lines too.', FLAG),
  giveUpMs: whole(
    { min: 0, max: 86_400_000, default: 600_000 },
    'Milliseconds to go on trying while the hub takes nothing; 0: for ever.',
    FLAG,
  ),
};

/**
 * `some-command | roomcast pipe logs:build`: sends lines to a room as they come. While the hub is away the lines wait, and when many
 * wait, so does the command: nothing is dropped. Lines whose answer got lost are sent again under the same key, and are in the room once.
 */
export const command: Command = {
  usage: '<room> [flags]',
  options,
  run: async (argv, terminal) => {
    const { values, positionals } = readOptions(options, { env: terminal.env, argv, alsoKnown: OPTIONS });
    const [room, ...others] = positionals;
    if (room === undefined || others.length > 0) throw new ConfigError('pipe takes one room: some-command | roomcast pipe logs:build');
    const multiline = values.format === 'ndjson' ? 'off' : values.multiline;
    const sender = new PipeSender({ ...values, multiline, room, report: terminal.report, stop: terminal.stop });
    const outbox = createPipeOutbox((batch) => sender.send(batch));
    // What was read until then is still sent.
    terminal.stop.addEventListener('abort', () => terminal.closeStdin(), { once: true });
    const rule = multiline !== undefined && isJoinRule(multiline) ? multiline : 'traces';
    const reading = readInto(outbox, { tee: values.tee, rule }, terminal);
    try {
      await outbox.sent;
    } finally {
      terminal.closeStdin();
    }
    await reading;
    return sender.refused === 0 ? EXIT.ok : EXIT.failed;
  },
};

/** Puts entries into the outbox, each as a whole, so that no batch ends within one. */
async function readInto(
  outbox: PipeOutbox,
  { tee, rule }: { tee: boolean; rule: JoinRule },
  { stdin, print, stop }: Terminal,
): Promise<void> {
  const lines = readLines(bytesOf(stdin), LINE_BYTES);
  const entries = joinLive(tee ? printed(lines, print) : lines, { rule, maxBytes: ENTRY_BYTES, clock: systemClock });
  try {
    for await (const batch of entries) {
      for (const { text } of batch) if (text !== '') await outbox.put(text);
      if (outbox.ended) return;
    }
  } catch (error) {
    // Closed by `closeStdin`, with nobody left to read for.
    if (!outbox.ended && !stop.aborted) throw error;
  } finally {
    outbox.end();
  }
}

async function* bytesOf(stdin: Terminal['stdin']): AsyncGenerator<Buffer> {
  for await (const chunk of stdin) {
    yield typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

async function* printed(lines: AsyncIterable<StreamLine[]>, print: (line: string) => void): AsyncGenerator<StreamLine[]> {
  for await (const batch of lines) {
    for (const { text } of batch) print(text);
    yield batch;
  }
}
