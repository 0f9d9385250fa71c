/** What a viewer was given of a log room, counted from its packets without taking them apart. */
export class LineCount {
  lines = 0;
  /** Lines that it was told it had not seen. */
  skipped = 0;
  /** seq of the newest position. */
  position = 0;
  /** Messages that are not there between two others. */
  holes = 0;

  /** @param known lines of each message by its seq: viewers who see all are given the same bytes, which one of them counts */
  constructor(private readonly known: Map<number, { readonly bytes: number; readonly lines: number }>) {}

  /** @throws Error for a packet that is no event of a log room */
  take(packet: Buffer): void {
    const head = packet.toString('latin1', 0, 16);
    if (head.startsWith('42["message",')) this.#message(packet);
    else if (head.startsWith('42["lines",')) this.#batch(packet);
  }

  #message(packet: Buffer): void {
    const seq = seqIn(packet.subarray(-200));
    // A viewer that sees messages sees each of them.
    if (this.position > 0 && seq !== this.position + 1) this.holes++;
    this.position = seq;
    const known = this.known.get(seq);
    const lines = known?.bytes === packet.length ? known.lines : countOf(packet, LINE);
    this.known.set(seq, { bytes: packet.length, lines });
    this.lines += lines;
  }

  #batch(packet: Buffer): void {
    this.position = seqIn(packet.subarray(0, 300));
    this.lines += countOf(packet, LINE);
    this.skipped += Number(/"skipped":(\d+)}]$/.exec(packet.toString('latin1', Math.max(packet.length - 40, 0)))?.[1] ?? 0);
  }
}

/** How each line begins that the load sends. */
const LINE = '{"text":"';

function seqIn(part: Buffer): number {
  const [, seq] = /"position":"[a-z0-9]+:(\d+)"/.exec(part.toString('latin1')) ?? [];
  if (seq === undefined) throw new Error(`no position in ${part.toString('latin1')}`);
  return Number(seq);
}

function countOf(packet: Buffer, what: string): number {
  let count = 0;
  for (let at = packet.indexOf(what); at >= 0; at = packet.indexOf(what, at + what.length)) count++;
  return count;
}
