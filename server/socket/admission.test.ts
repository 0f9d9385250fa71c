import { expect, test } from '@jest/globals';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';

const scope = testScope();

test.each(['', '&sid=', '&sid=x&sid='])('a connection whose query ends in "%s" is a new one and counted', async (query) => {
  const hub = await openMemoryHub(scope, { connectionsPerAddress: 1 });
  const open = async () => (await fetch(`${hub.url}/socket.io/?EIO=4&transport=polling${query}`)).status;
  expect(await open()).toBe(200);
  expect(await open()).not.toBe(200);
});
