import { HubError } from '../../../shared/errors.js';

/** Resources, scopes, metrics, points and records of one request, together. */
const REQUEST_ITEMS = 100_000;
/** Attributes of one thing, and items of one list or map in a value. */
const LIST_ITEMS = 10_000;

/** Counts what a request is made of: each of a few million empty messages takes far more memory than it has bytes. */
export class ItemBudget {
  #left = REQUEST_ITEMS;

  /** @throws HubError `too_large` when the request has more than 100,000 */
  spend(items = 1): void {
    this.#left -= items;
    if (this.#left < 0) throw new HubError('too_large', `a request has at most ${REQUEST_ITEMS} metrics, points and records`);
  }
}

/** Adds to a list. @throws HubError `too_large` when it has 10,000 */
export function pushBounded<Item>(items: Item[], item: Item): void {
  if (items.length >= LIST_ITEMS) throw new HubError('too_large', `a list has at most ${LIST_ITEMS} items`);
  items.push(item);
}
