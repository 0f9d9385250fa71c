import type { SlotRange } from './redis-cluster-replies.js';
import { SLOTS } from './redis-key-slot.js';
import { hostName, type RedisHost } from './topology.js';

/** Which master of a Cluster has which slot, as far as is known. Masters are named by `hostName`. */
export class SlotMap {
  #masters: (string | undefined)[] = new Array(SLOTS).fill(undefined);

  masterOf(slot: number): string | undefined {
    return this.#masters[slot];
  }

  /** Whether the master has any slot. */
  has(master: string): boolean {
    return this.#masters.includes(master);
  }

  /** Gives whether another one had it, or nobody. */
  assign(slot: number, to: RedisHost): boolean {
    const master = hostName(to);
    if (this.#masters[slot] === master) return false;
    this.#masters[slot] = master;
    return true;
  }

  /** Slots of no range are nobody's. Gives whether any slot went to another one. */
  replace(ranges: readonly SlotRange[]): boolean {
    const former = this.#masters;
    const masters: (string | undefined)[] = new Array(SLOTS).fill(undefined);
    for (const { first, last, at } of ranges) masters.fill(hostName(at), first, last + 1);
    this.#masters = masters;
    return masters.some((master, slot) => master !== former[slot]);
  }
}
