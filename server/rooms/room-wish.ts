import { HubError } from '../../shared/errors.js';
import type { ParsedRoom } from '../../shared/rooms.js';
import type { SubscribeRequest } from '../../shared/schemas.js';

/**
 * Holds what a subscription wishes to see to what its room has.
 * @throws HubError `invalid`
 */
export function checkWish({ room, policy }: ParsedRoom, { filter }: SubscribeRequest): void {
  if (filter && policy.frameIntervalMs > 0) throw new HubError('invalid', `filter: ${room} has samples, not lines`);
}
