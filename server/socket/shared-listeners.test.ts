import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient } from '../../test/support/stock-client.js';

const scope = testScope();

test('the events of the hub are answered, with those that are added before and after a client has come', async () => {
  const hub = await openMemoryHub(scope);
  hub.handle('before', z.undefined(), () => ({ said: 'before' }));
  const first = await connectClient(scope, hub.url);
  hub.handle('after', z.undefined(), () => ({ said: 'after' }));
  const second = await connectClient(scope, hub.url);
  for (const client of [first, second]) {
    for (const event of ['before', 'after']) expect(await client.ask(event)).toEqual({ ok: true, said: event });
    await client.subscribe('chat:any');
  }
});

test('listeners that a program has put on a socket before are called before', async () => {
  const hub = await openMemoryHub(scope);
  const order: string[] = [];
  hub.handle('step', z.undefined(), () => void order.push('hub'));
  hub.io.use((socket, next) => {
    (socket as unknown as NodeJS.EventEmitter).on('step', () => order.push('own'));
    next();
  });
  const client = await connectClient(scope, hub.url);
  await client.ask('step');
  expect(order).toEqual(['own', 'hub']);
});
