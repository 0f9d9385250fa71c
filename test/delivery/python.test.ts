import { describe, expect, test } from '@jest/globals';
import { DELIVERIES, openStage, settleAll } from '../support/delivery-stage.js';
import { startPythonClient } from '../support/python-client.js';
import { testScope } from '../support/scope.js';
import { countFrom } from '../support/stock-client.js';
import { waitFor } from '../support/wait.js';

const scope = testScope();
const WAYS = DELIVERIES.flatMap((delivery) => ['websocket', 'polling', 'polling,websocket'].map((transports) => [delivery, transports]));
const COUNT = 200;

describe.each(WAYS)('delivery %s', (delivery, transports) => {
  test(`a Python client over ${transports} hears what a JavaScript client hears`, async () => {
    const stage = await openStage(scope, delivery!, { compression: true, compressionThresholdBytes: 500 });
    const javascript = await stage.connect();
    stage.io.on('connection', (socket) => socket.join('a'));
    await javascript.here.join('a');
    const python = await startPythonClient(scope, stage.hub.url, transports);
    expect(await python.ask('subscribe', { room: 'chat:python' })).toMatchObject({ ok: true });
    await stage.subscribe('chat:python', javascript);
    for (let n = 0; n < COUNT; n++) {
      const text = `żółć 😀 \u2028 ${'ü'.repeat((n * 37) % 900)}`;
      // Names that the client listens to.
      if (n % 4 === 0) stage.io.to('a').emit('notice', { n, text });
      else if (n % 4 === 1) await stage.hub.publish('chat:python', { n, text });
      else if (n % 4 === 2) for (const { id } of stage.io.sockets.sockets.values()) stage.io.to(id).emit('typing', { n, text });
      else for (const socket of stage.io.sockets.sockets.values()) socket.emit('frame', { n, text });
      if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settleAll([javascript]);
    const numbers = () =>
      python.heard.flatMap(({ event, data }) => {
        const content = event === 'message' ? (data as { data: unknown }).data : data;
        return typeof content === 'object' && content !== null && 'n' in content ? [content] : [];
      });
    await waitFor(() => numbers().length >= COUNT, { what: 'all messages in Python' });
    expect(javascript.heard.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(countFrom(0, COUNT));
    expect(numbers().map((content) => JSON.stringify(content))).toEqual(javascript.heard);
  });
});
