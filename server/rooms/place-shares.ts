import { HubError } from '../../shared/errors.js';
import type { Principal } from '../auth/principal.js';
import { once } from '../once.js';

/** Who takes places: a user, or all guests of one address, as one who shows no key is another user with each connection. */
export const placeHolderOf = ({ guest, user, address }: Principal): string =>
  guest && address !== undefined ? `address ${address}` : `user ${user.id}`;

/** How many of a room's places one holder may have, of which there are `places`; at least one. @param percent from 1 to 100 */
export const shareOf = (places: number, percent: number): number => Math.max(1, Math.floor((places * percent) / 100));

/** Milliseconds after which a refused holder may have left a place. */
const RETRY_AFTER_MS = 5_000;

/** The places of one room, for filters or for views, by who has them: whoever has its share takes no more, so that the others find some. */
export class PlaceShares {
  /** Subscriptions by holder and place. */
  readonly #held = new Map<string, Map<string, number>>();

  /** @param what the places are for, in a message */
  constructor(
    private readonly perHolder: number,
    private readonly what: string,
  ) {}

  /**
   * Takes the place of `key` for one more subscription of the holder: several of the same key are one place. The function gives it back.
   * @throws HubError `too_many_views` when the holder has its share
   */
  take(holder: string, key: string): () => void {
    const places = this.#held.get(holder) ?? new Map<string, number>();
    if (!places.has(key) && places.size >= this.perHolder) throw tooMany(this.perHolder, this.what);
    this.#held.set(holder, places.set(key, (places.get(key) ?? 0) + 1));
    return once(() => this.#giveBack(holder, places, key));
  }

  #giveBack(holder: string, places: Map<string, number>, key: string): void {
    const left = (places.get(key) ?? 1) - 1;
    if (left > 0) places.set(key, left);
    else places.delete(key);
    if (places.size === 0) this.#held.delete(holder);
  }
}

const tooMany = (most: number, what: string) =>
  new HubError(
    'too_many_views',
    `one user or address has ${most} different ${what} of a room at most: end one, or ask for the same`,
    RETRY_AFTER_MS,
  );
