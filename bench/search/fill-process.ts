import { join } from 'node:path';
import { openRedisLink } from '../../server/adapter/redis-link.js';
import { OPTIONS } from '../../server/config/options.js';
import { openLmdbRoomLog } from '../../server/log/lmdb-room-log.js';
import { createRedisRoomLog } from '../../server/log/redis-room-log.js';
import type { RoomLog } from '../../server/log/room-log.js';
import { answerCalls } from '../process.js';
import type { FillCalls, Store } from './calls.js';
import { HISTORY_ROOM, textOf } from './history.js';

/** Appends under way at a time: the log makes few commits, or few commands, of them. */
const APPENDS_AT_ONCE = 10_000;
const KEEP_ALL = { messages: 0, ttlMs: 0 };
const AUTHOR = { id: 'bench', name: 'Bench' };
const NO_LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };

// Through the log itself, not through a hub: the reading is measured here, not the publishing.
answerCalls<FillCalls>({
  async fill({ messages, ...store }) {
    const { log, end } = await open(store);
    for (let from = 0; from < messages; from += APPENDS_AT_ONCE) {
      const count = Math.min(APPENDS_AT_ONCE, messages - from);
      await Promise.all(Array.from({ length: count }, (_, place) => append(log, from + place, messages)));
    }
    await end();
  },
});

function append(log: RoomLog, n: number, messages: number) {
  const message = { room: HISTORY_ROOM, id: `h${n}`, type: 'message', from: AUTHOR, data: { text: textOf(n, messages) } } as const;
  return log.append(message, KEEP_ALL);
}

/** The log where a hub with this store has its own. */
async function open({ dataDir, redisUrl }: Store): Promise<{ log: RoomLog; end(): Promise<void> }> {
  if (redisUrl === undefined) {
    const log = await openLmdbRoomLog({ dir: join(dataDir, 'rooms') });
    return { log, end: () => log.close() };
  }
  const link = openRedisLink({ url: redisUrl, log: NO_LOG });
  await link.whenUp();
  const log = createRedisRoomLog({ link, prefix: `${OPTIONS.redisPrefix.default}:` });
  const end = async () => {
    await log.close();
    await link.close();
  };
  return { log, end };
}
