import { type ErrorCode, HubError, toWireError } from '../../shared/errors.js';

/** Why one line, or one item of a list, was refused. */
export interface IngestError {
  /** From 1: the line of the body, or the place in the list. */
  readonly line: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** What became of a request's samples or lines. */
export interface IngestCounts {
  readonly accepted: number;
  readonly refused: number;
  /** Lines or items of a list of which something was refused, as one may hold many samples; left out: one for each. */
  readonly refusedItems?: number;
  /** The first ones. */
  readonly errors: readonly IngestError[];
}

const ERRORS_KEPT = 10;

/** Adds up what becomes of the parts of one request. */
export class IngestReport implements IngestCounts {
  accepted = 0;
  refused = 0;
  refusedItems = 0;
  #lastRefused = 0;
  readonly errors: IngestError[] = [];
  /** How many were refused for which reason, by this report's own `refuse`. */
  readonly byCode = new Map<ErrorCode, number>();

  /** @throws what is no refusal of that line: a fault of ours */
  refuse(line: number, thrown: unknown): void {
    if (!(thrown instanceof HubError)) throw thrown;
    const { code, message } = toWireError(thrown);
    this.refuseFor(line, code, () => message);
  }

  /** As `refuse`, without the cost of an error and of its words for each of many. */
  refuseFor(line: number, code: ErrorCode, message: () => string, count = 1): void {
    this.refused += count;
    if (line !== this.#lastRefused) this.refusedItems++;
    this.#lastRefused = line;
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + count);
    if (this.errors.length < ERRORS_KEPT) this.errors.push({ line, code, message: message() });
  }

  add({ accepted, refused, refusedItems = refused, errors }: IngestCounts): void {
    this.accepted += accepted;
    this.refused += refused;
    this.refusedItems += refusedItems;
    this.errors.push(...errors.slice(0, ERRORS_KEPT - this.errors.length));
  }
}
