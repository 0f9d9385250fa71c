import { expect, test } from '@jest/globals';
import type { PublishAnswer, SubscribeAnswer } from '../shared/protocol.js';
import { startHub } from './support/hub-process.js';
import { startPythonClient } from './support/python-client.js';
import { fileScope } from './support/scope.js';
import { connectClient, countFrom, seqs } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = fileScope();

test('two stock clients and a Python client get the same messages with the same positions', async () => {
  const hub = await startHub(scope);
  const [ann, bob, python] = await Promise.all([
    connectClient(scope, hub.url),
    connectClient(scope, hub.url, { transports: ['polling', 'websocket'] }),
    startPythonClient(scope, hub.url),
  ]);
  await Promise.all([ann.subscribe('chat:lobby'), bob.subscribe('chat:lobby')]);
  expect(await python.ask<SubscribeAnswer>('subscribe', { room: 'chat:lobby' })).toMatchObject({ ok: true, room: 'chat:lobby' });

  const answers = await Promise.all([
    ann.publish('chat:lobby', { text: 'from Ann' }),
    bob.publish('chat:lobby', { text: 'from Bob: ⚡ żółć 你好' }),
    python.ask<PublishAnswer>('publish', { room: 'chat:lobby', id: 'py-1', data: { text: 'from Python' } }),
  ]);

  await waitFor(() => [ann, bob, python].every(({ messages }) => messages.length === 3), { what: 'all three messages everywhere' });
  expect(seqs(ann.messages)).toEqual(countFrom(1, 3));
  expect(bob.messages).toEqual(ann.messages);
  expect(python.messages).toEqual(ann.messages);
  const acknowledged = answers.map((answer) => ('position' in answer ? answer.position : '')).sort();
  expect(ann.messages.map(({ position }) => position).sort()).toEqual(acknowledged);
  expect(ann.messages.find(({ id }) => id === 'py-1')).toMatchObject({
    room: 'chat:lobby',
    type: 'text',
    data: { text: 'from Python' },
    from: { name: expect.any(String) },
  });
});

test.each(['polling', 'websocket'])('a Python client that speaks only %s publishes and is refused like any other', async (transport) => {
  const hub = await startHub(scope);
  const python = await startPythonClient(scope, hub.url, transport);
  expect(python.transport).toBe(transport);
  await python.ask('subscribe', { room: 'chat:py' });
  expect(await python.ask('publish', { room: 'chat:py', id: 'one', data: [1, null, 'x'] })).toMatchObject({ ok: true, id: 'one' });
  await waitFor(() => python.messages.length === 1);
  expect(python.messages[0]).toMatchObject({ id: 'one', data: [1, null, 'x'] });
  expect(await python.ask('publish', { room: 'nope:py', id: 'two', data: 1 })).toMatchObject({
    ok: false,
    error: { code: 'unknown_kind', retry: 'never' },
  });
});
