import { describe, expect, test } from '@jest/globals';
import { lineOf } from '../support/delivery-listener.js';
import { DELIVERIES, openStage, settleAll } from '../support/delivery-stage.js';
import { testScope } from '../support/scope.js';

const scope = testScope();
const THRESHOLD = 1_000;
/** What clients offer; `ws` is what the stock client speaks WebSocket with, and takes its options. */
const OFFERS: Record<string, { perMessageDeflate: unknown; transports?: string[] }> = {
  'the default': { perMessageDeflate: { threshold: 1_024 } },
  'no context kept by either side': { perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true } },
  'no context kept by the server': { perMessageDeflate: { serverNoContextTakeover: true } },
  'no context kept by the client': { perMessageDeflate: { clientNoContextTakeover: true } },
  'a window of 512 bytes': { perMessageDeflate: { serverMaxWindowBits: 9 } },
  'a window of 4 KiB': { perMessageDeflate: { serverMaxWindowBits: 12, clientMaxWindowBits: 12 } },
  'no compression': { perMessageDeflate: false },
  'polling, which HTTP compresses': { perMessageDeflate: true, transports: ['polling'] },
  'an upgrade from polling': { perMessageDeflate: true, transports: ['polling', 'websocket'] },
};

/** Every text repeats what the ones before had: a window that the two sides see differently makes nonsense of it. */
const PARTS = Array.from({ length: 400 }, (_, n) => `part ${(n * 7919) % 400} żółć`).join(', ');
const textOf = (n: number, chars: number) => `${n} ${PARTS.slice((n * 31) % 500, ((n * 31) % 500) + chars)}`;
const LENGTHS = [3, THRESHOLD - 100, THRESHOLD + 1, 4_000, 20, 300];

describe.each(DELIVERIES)('delivery %s', (delivery) => {
  test('whatever each client of a room agreed to, all hear the same: room and single messages, text and binary, compressed or not', async () => {
    const stage = await openStage(scope, delivery, { compression: true, compressionThresholdBytes: THRESHOLD });
    const listeners = await Promise.all(Object.entries(OFFERS).map(([name, options]) => stage.connect(options as never, name)));
    for (const { here } of listeners) await here.join('a');
    await stage.subscribe('chat:deflate', ...listeners);
    const due: string[] = [];
    for (let n = 0; n < 240; n++) {
      const text = textOf(n, LENGTHS[n % LENGTHS.length]!);
      const args = [n, n % 11 === 0 ? Buffer.from(text) : text];
      due.push(lineOf(args));
      if (n % 7 === 3) for (const { here } of listeners) here.emit('e', ...args);
      else if (n % 7 === 5)
        stage.io
          .compress(false)
          .to('a')
          .emit('e', ...args);
      else if (n % 7 === 6) for (const { here } of listeners) here.compress(false).emit('e', ...args);
      else if (n % 7 === 4) await stage.hub.publish('chat:deflate', args);
      else stage.io.to('a').emit('e', ...args);
      if (n % 40 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settleAll(listeners);
    for (const { heard } of listeners) expect(heard).toEqual(due);
    const compressing = listeners.filter(({ transport, websocket }) => transport === 'websocket' && websocket.extensions !== '');
    expect(compressing).toHaveLength(7);
  });

  test('a text of more than the threshold goes compressed, and one of less does not, to a room as to one socket', async () => {
    const stage = await openStage(scope, delivery, { compression: true, compressionThresholdBytes: THRESHOLD });
    // ws keeps to the threshold only where no context is kept.
    const [listener] = await stage.connectMany(1, { perMessageDeflate: { serverNoContextTakeover: true } as never });
    await listener!.here.join('a');
    const tcp = (listener!.websocket as unknown as { _socket: { bytesRead: number } })._socket;
    const bytesOf = async (emit: () => void) => {
      await listener!.settle();
      const before = tcp.bytesRead;
      emit();
      await listener!.settle();
      return tcp.bytesRead - before;
    };
    const text = 'x'.repeat(THRESHOLD);
    const emits: [boolean, () => void][] = [
      [true, () => stage.io.to('a').emit('e', text)],
      [true, () => listener!.here.emit('e', text)],
      [false, () => stage.io.to('a').emit('e', text.slice(100))],
      [false, () => listener!.here.emit('e', text.slice(100))],
    ];
    for (const [isCompressed, emit] of emits) expect((await bytesOf(emit)) < THRESHOLD / 2).toBe(isCompressed);
    expect(listener!.heard).toHaveLength(emits.length);
  });
});
