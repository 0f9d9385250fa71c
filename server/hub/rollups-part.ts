import type { Kinds, RoomName } from '../../shared/rooms.js';
import type { Engines } from '../engines/engines.js';
import type { Rollups } from '../metrics/range-source.js';
import { RollupKeeper } from '../metrics/rollups/rollup-keeper.js';
import { systemClock } from '../observe/clock.js';
import type { Logger } from '../observe/logger.js';

export interface RollupsPartOptions {
  readonly kinds: Kinds;
  readonly engines: Pick<Engines, 'log' | 'rollups'>;
  readonly logger: Logger;
}

/** Rooms that nobody wrote to from here are looked at as often: others may have, and may have stopped before they were rolled up. */
const SWEEP_MS = 5 * 60_000;
const SWEPT_ROOMS = 10_000;

/** The history of metric rooms beyond their logs: kept up to date, and open to queries. */
export function openRollupsPart({ kinds, engines, logger }: RollupsPartOptions) {
  const { log } = engines;
  const { store, levels } = engines.rollups;
  const onFault = (err: unknown, room: RoomName) => logger.warn({ err, room }, 'a metric room was not rolled up');
  const keeper = new RollupKeeper({ log, store, levels, clock: systemClock, onFault });
  const isMetric = (kind: string) => (kinds[kind]?.frameIntervalMs ?? 0) > 0;
  const sweep = async () => {
    for (const kind of Object.keys(kinds).filter(isMetric)) {
      for (const { room } of await log.rooms({ prefix: `${kind}:`, limit: SWEPT_ROOMS })) keeper.touch(room);
    }
  };
  const trySweep = () => void sweep().catch((err) => logger.warn({ err }, 'the metric rooms could not be listed'));
  let timer: NodeJS.Timeout | undefined;
  const rollups: Rollups | undefined = levels.length > 0 ? { store, levels, catchUp: (room) => keeper.catchUp(room) } : undefined;

  return {
    rollups,
    /** Something was written into a room of that kind. */
    wrote: (kind: string, room: RoomName) => {
      if (isMetric(kind)) keeper.touch(room);
    },
    start: () => {
      if (!rollups) return;
      trySweep();
      timer = setInterval(trySweep, SWEEP_MS).unref();
    },
    close: async () => {
      clearInterval(timer);
      await keeper.close();
    },
  };
}
