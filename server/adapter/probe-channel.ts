import { randomBytes } from 'node:crypto';
import { keySlot, SLOTS } from './redis-key-slot.js';
import type { SlotMap } from './redis-slot-map.js';

/** A channel that nobody else hears. */
export function newProbeChannel(): string {
  return `roomcast:probe:${randomBytes(9).toString('base64url')}`;
}

/** Gives a channel whose slot the master has; the same one for as long as it has it. */
export function probeChannels(slots: SlotMap, master: string): () => string {
  let channel = '';
  return () => {
    for (let tries = 0; tries < 4 * SLOTS && (channel === '' || slots.masterOf(keySlot(channel)) !== master); tries++) {
      channel = newProbeChannel();
      // It has none: then any will do, and tells nothing.
      if (!slots.has(master)) break;
    }
    return channel;
  };
}
