/** One line of a body, without its end. */
export interface StreamLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** The line was longer than the bound: this is its beginning. */
  readonly cut: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const MAX_PARTS = 64;
const BOM = '\uFEFF';

/**
 * Splits bytes that arrive in chunks into lines of UTF-8, ended by LF or CRLF. Keeps at most `maxLineBytes` of a line, whatever its length;
 * bytes that are no UTF-8 become U+FFFD.
 */
export class LineSplitter {
  #parts: Buffer[] = [];
  #kept = 0;
  #cut = false;
  #number = 0;

  constructor(private readonly maxLineBytes: number) {}

  /** The lines that end in this chunk. */
  push(chunk: Buffer): StreamLine[] {
    const lines: StreamLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      this.#keep(chunk.subarray(from, end));
      lines.push(this.#take());
      from = end + 1;
    }
    // A copy of its own, so that a long quiet line does not hold on to a chunk of many lines.
    this.#keep(from === 0 ? chunk : Buffer.from(chunk.subarray(from)));
    return lines;
  }

  /** The last line, when the body did not end with a line's end. */
  end(): StreamLine[] {
    return this.#kept > 0 || this.#cut ? [this.#take()] : [];
  }

  #keep(bytes: Buffer): void {
    const room = this.maxLineBytes - this.#kept;
    // One byte more than the bound stays for a CR that may be the line's end.
    const kept = bytes.subarray(0, room + 1);
    if (kept.length < bytes.length) this.#cut = true;
    if (kept.length === 0) return;
    this.#parts.push(kept);
    this.#kept += kept.length;
    // A line that drips in byte by byte must not cost an object for each.
    if (this.#parts.length > MAX_PARTS) this.#parts = [Buffer.concat(this.#parts)];
  }

  #take(): StreamLine {
    const whole = this.#parts.length === 1 && this.#parts[0] ? this.#parts[0] : Buffer.concat(this.#parts);
    const bytes = !this.#cut && whole.at(-1) === CR ? whole.subarray(0, -1) : whole;
    const cut = this.#cut || bytes.length > this.maxLineBytes;
    const text = cut ? decodeBeginning(bytes.subarray(0, this.maxLineBytes)) : bytes.toString('utf8');
    this.#parts = [];
    this.#kept = 0;
    this.#cut = false;
    this.#number++;
    return { text: this.#number === 1 && text.startsWith(BOM) ? text.slice(1) : text, number: this.#number, cut };
  }
}

/** Text of bytes that may end within a character, which is left out then. */
function decodeBeginning(bytes: Buffer): string {
  // In streaming mode a decoder keeps back what is no whole character yet.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true });
}

/** The lines of a body as they come, in batches of one chunk each. */
export async function* readLines(body: AsyncIterable<Buffer>, maxLineBytes: number): AsyncGenerator<StreamLine[]> {
  const splitter = new LineSplitter(maxLineBytes);
  for await (const chunk of body) {
    const lines = splitter.push(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = splitter.end();
  if (last.length > 0) yield last;
}
