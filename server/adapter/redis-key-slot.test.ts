import { expect, test } from '@jest/globals';
import { freePort, startRedis } from '../../test/support/redis.js';
import { askRedis } from '../../test/support/redis-client.js';
import { hashTag, keySlot } from './redis-key-slot.js';

test('keys have the slots that Redis gives them', async () => {
  const redis = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())] });
  try {
    const keys = [
      '123456789',
      'a',
      '{chat:x}:meta',
      'rc:{chat:x}:log',
      '{}',
      '{}{a}',
      'x{a}{b}',
      'x{',
      'x}{y}',
      'rc:{chat:ü 🦊}',
      '{a{b}c}',
    ];
    for (const key of keys) expect([key, keySlot(key)]).toEqual([key, await askRedis(redis, 'CLUSTER', 'KEYSLOT', key)]);
  } finally {
    await redis.stop();
  }
});

test('only the first braces that hold something count', () => {
  expect(['a{b}c', '{}a', 'a{b', 'a{b}{c}'].map(hashTag)).toEqual(['b', '{}a', 'a{b', 'b']);
});
