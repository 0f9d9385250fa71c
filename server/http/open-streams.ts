import type { IncomingMessage, ServerResponse } from 'node:http';

/** How answers that stay open count towards the connections of an address. */
export interface PlaceOptions {
  addressOf(req: IncomingMessage): string;
  /** Counts one more of an address; the function gives it back. @throws HubError `too_many_connections` */
  admitAddress(address: string): (() => void) | Promise<() => void>;
}

/** Counts an answer that stays open, until it is over. */
export async function holdPlace({ addressOf, admitAddress }: PlaceOptions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const release = await admitAddress(addressOf(req));
  if (res.closed) release();
  else res.once('close', release);
}

/** The answers that stay open (event streams, long polls), so that a stopping hub can end them. */
export class OpenStreams {
  readonly #ends = new Set<() => void>();

  get size(): number {
    return this.#ends.size;
  }

  /** Remembers how to end one; the function forgets it. */
  add(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  endAll(): void {
    for (const end of [...this.#ends]) end();
  }
}
