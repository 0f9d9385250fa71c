import { expect, test } from '@jest/globals';
import { startRedis } from './redis.js';

test('a started Redis is killed, comes back on its port and stops', async () => {
  const first = await startRedis();
  await first.kill('SIGKILL');
  const second = await startRedis({ port: first.port, dir: first.dir });
  expect(second.port).toBe(first.port);
  await second.stop();
  await first.stop();
});
