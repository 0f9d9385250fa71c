import type { Publication } from '../history.js';
import { type LoadData, placeOf, VALUES_PER_PUBLISHER } from './places.js';

/** One source of publications into one room. It publishes each until it is acknowledged. */
export interface Publisher {
  readonly room: string;
  /** Everything that it ever published. */
  readonly publications: readonly Publication[];
  /** Not acknowledged yet. */
  waiting(): number;
  publish(pad?: string): Publication;
}

/** Publications that a publisher leaves open at most: one whose hub is away does not pile up. */
export const OPEN_AT_MOST = 25;

/** The accounts of a publisher, whatever client it runs on. */
export class Ledger {
  readonly publications: Publication[] = [];
  #open = 0;

  constructor(
    private readonly number: number,
    private readonly room: string,
  ) {}

  waiting(): number {
    return this.#open;
  }

  begin(pad: string | undefined): { publication: Publication; data: LoadData; id: string } {
    const value = this.number * VALUES_PER_PUBLISHER + this.publications.length + 1;
    const publication: Publication = { value, room: this.room, invokedMs: Date.now(), refusals: 0, doubts: 0 };
    this.publications.push(publication);
    this.#open++;
    return { publication, data: { value, ...(pad !== undefined && { pad }) }, id: `value-${value}` };
  }

  acked(publication: Publication, { position, repeated = false }: { position?: string; repeated?: boolean }): void {
    publication.acked = { atMs: Date.now(), place: placeOf(publication.value, position), repeated };
    this.#open--;
  }

  failed(publication: Publication, code: string): void {
    publication.failed = code;
    this.#open--;
  }
}
