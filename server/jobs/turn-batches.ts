import type { JobLane } from './job-queue.js';

interface Waiting<Item, Answer> {
  readonly item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Gathers what comes within one turn of the event loop, so that it shares a command.
 * @param send gives the answer to each item, in their order; what it throws is thrown for all of them
 * @param most items that one command has at most: Redis does nothing else meanwhile
 */
export function gatherTurn<Item, Answer>(
  send: (items: readonly Item[]) => Promise<readonly Answer[]>,
  most: number,
): (item: Item) => Promise<Answer> {
  let gathered: Waiting<Item, Answer>[] = [];

  async function settle(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ item }) => item));
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function flush(): void {
    const all = gathered;
    gathered = [];
    for (let i = 0; i < all.length; i += most) void settle(all.slice(i, i + most));
  }

  return (item) =>
    new Promise((resolve, reject) => {
      if (gathered.push({ item, resolve, reject }) === 1) setImmediate(flush);
    });
}

/** Jobs that one script has at most. */
const JOBS_PER_SCRIPT = 32;

/** Gathers the same for each lane by itself. */
export function gatherLanes<Item, Answer>(
  send: (lane: JobLane, items: readonly Item[]) => Promise<readonly Answer[]>,
): (lane: JobLane, item: Item) => Promise<Answer> {
  const gather = (lane: JobLane) => gatherTurn((items: readonly Item[]) => send(lane, items), JOBS_PER_SCRIPT);
  const lanes = { threads: gather('threads'), loop: gather('loop') };
  return (lane, item) => lanes[lane](item);
}
