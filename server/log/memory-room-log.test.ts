import { expect, test } from '@jest/globals';
import { createMemoryRoomLog } from './memory-room-log.js';
import { describeRoomLog } from './room-log.contract.js';

describeRoomLog('memory', async (options) => {
  const log = createMemoryRoomLog(options);
  return { log, close: () => log.close() };
});

test('rooms without entries that nobody asks for are forgotten', async () => {
  let time = 1_000_000;
  const log = createMemoryRoomLog({ now: () => time });
  const { epoch } = await log.ends('chat:idle');
  for (let n = 0; n < 2_000; n++) {
    time += 10_000;
    await log.ends(`chat:${n}`);
  }
  expect((await log.ends('chat:idle')).epoch).not.toBe(epoch);
});
