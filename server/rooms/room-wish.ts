import { HubError } from '../../shared/errors.js';
import type { ParsedRoom } from '../../shared/rooms.js';
import type { SubscribeRequest } from '../../shared/schemas.js';

/**
 * Holds what a subscription wishes to see to what its room has.
 * @throws HubError `invalid`
 */
export function checkWish({ room, policy }: ParsedRoom, wish: SubscribeRequest): void {
  const hasFrames = policy.frameIntervalMs > 0;
  if (wish.filter && hasFrames) throw new HubError('invalid', `filter: ${room} has samples, not lines`);
  const ofFrames = OF_FRAMES.find((part) => wish[part] !== undefined);
  if (ofFrames && !hasFrames) throw new HubError('invalid', `${ofFrames}: ${room} has no samples`);
}

const OF_FRAMES = ['series', 'rates', 'quantiles', 'binary', 'points', 'downsample'] as const;

/** Whether a reader outside of Socket.IO asks for frames: without a wish it gets the messages as they are. */
export function asksForFrames({ policy }: ParsedRoom, wish: SubscribeRequest): boolean {
  return policy.frameIntervalMs > 0 && (wish.maxHz !== undefined || OF_FRAMES.some((part) => wish[part] !== undefined));
}
