import { senderIdOf } from '../auth/principal.js';
import { ingestLinesOf } from './ingest-body.js';
import type { IngestCounts } from './ingest-report.js';
import type { IngestService } from './ingest-service.js';
import { itemsOf } from './json-samples.js';
import { type LineFormat, logFormat } from './line-formats.js';
import { readLines } from './line-stream.js';
import { joinLive, joinWhole } from './lines/line-joiner.js';
import { LineMessages } from './lines/line-messages.js';
import type { JoinRule } from './lines/line-rules.js';
import { type LineWishes, withDefaults } from './lines/line-wishes.js';
import { lineFromJson } from './lines/log-lines.js';
import type { ParsedLine } from './parsed.js';
import type { Intake } from './serve-bodies.js';
import { parseShallowJson } from './shallow-json.js';

/** Room for the mark that a line was cut, within what a line may have. */
export const CUT_MARK_BYTES = 64;

/** A body of log lines for one room. */
export interface LineBody {
  readonly ingest: IngestService;
  readonly intake: Intake;
  readonly room: string;
  readonly wishes: LineWishes & { readonly multiline: JoinRule };
}

/**
 * Takes the lines of a body that may stay open. One with a key is held to be whole: its entries are cut by nothing but its lines, and
 * go into the room when a message is full or the body ends.
 */
export async function takeLogLines({ ingest, intake, room, wishes }: LineBody): Promise<void> {
  const { clock, maxLineBytes } = ingest;
  const { body, report } = intake;
  const maxBytes = maxLineBytes - CUT_MARK_BYTES;
  const lines = readLines(body.chunks(), maxBytes);
  const joining = { rule: wishes.multiline, maxBytes };
  const joined = wishes.key === undefined ? joinLive(lines, { ...joining, clock }) : joinWhole(lines, joining);
  const format: LineFormat<ParsedLine> = (line, now) =>
    logFormat(line, now).map((parsed) => ({ ...parsed, entry: withDefaults(parsed.entry, wishes) }));
  const taker = takerOf(ingest, intake, room, wishes);
  const now = () => wishes.time ?? clock.now();
  await ingestLinesOf({ lines: joined, format, now, take: taker.take, stop: (error) => body.fail(error) }, report);
  report.add(await taker.end());
}

/** Takes a JSON body: one line, or a list of them. */
export async function takeLogJson({ ingest, intake, room, wishes }: LineBody): Promise<void> {
  const { body, report } = intake;
  const items = itemsOf(parseShallowJson(await body.whole()));
  const now = wishes.time ?? ingest.clock.now();
  const taker = takerOf(ingest, intake, room, wishes);
  const lines = items.map((item, i) => ({ line: i + 1, entry: withDefaults(lineFromJson(item, now), wishes) }));
  report.add(await taker.take(lines));
  report.add(await taker.end());
}

interface Taker {
  take(lines: readonly ParsedLine[]): Promise<IngestCounts>;
  end(): Promise<IngestCounts>;
}

const NOTHING: IngestCounts = { accepted: 0, refused: 0, errors: [] };

function takerOf(ingest: IngestService, { principal }: Intake, room: string, { key }: LineWishes): Taker {
  const store = (lines: readonly ParsedLine[], id?: string) => ingest.ingestLines(principal, room, lines, id);
  if (key === undefined) return { take: (lines) => store(lines), end: async () => NOTHING };
  // Another sender's key is another one, also where it reads the same.
  const messages = new LineMessages({ key: `${senderIdOf(principal)} ${key}`, store });
  return { take: (lines) => messages.take(lines), end: () => messages.end() };
}
