import { expect, test } from '@jest/globals';
import { decodeFrame } from '../../shared/frame-codec.js';
import type { Frame } from '../../shared/protocol.js';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient } from '../../test/support/stock-client.js';
import { waitFor } from '../../test/support/wait.js';
import type { StartedHub } from '../start-hub.js';

const scope = testScope();
const ROOM = 'metrics:web';
const publish = (hub: StartedHub, values: Record<string, number>) =>
  hub.publish(ROOM, { t: Date.now(), names: Object.keys(values), values: Object.values(values) }, { type: 'samples' });

test.each(['turn', 'stock'] as const)(
  '[P130] [P133] a stock client gets what it asked for, as JSON or as bytes (delivery %s)',
  async (delivery) => {
    const hub = await openMemoryHub(scope, { delivery });
    await publish(hub, { cpu: 1, mem: 2 });
    const [json, bytes] = [await connectClient(scope, hub.url), await connectClient(scope, hub.url)];
    const wish = { room: ROOM, series: ['mem'] };
    expect(await json.expectOk('subscribe', wish)).toMatchObject({ metrics: { names: ['mem'], latest: { values: [2] } } });
    await bytes.expectOk('subscribe', { ...wish, binary: true });
    await publish(hub, { cpu: 3, mem: 0.1 });
    const frame = await json.event<Frame>('frame');
    expect(frame).toMatchObject({ series: [0], values: [0.1] });
    expect(decodeFrame(await bytes.event<Buffer>('frame:bytes'))).toEqual(frame);
    expect(bytes.heard.some(({ event }) => event === 'frame')).toBe(false);
  },
);

test('[P130] a wish about samples is refused where there are none, and so is what is no pattern; what there was goes on', async () => {
  const hub = await openMemoryHub(scope);
  const client = await connectClient(scope, hub.url);
  await client.expectOk('subscribe', { room: ROOM });
  for (const wish of [
    { room: 'chat:lobby', series: ['a'] },
    { room: 'logs:api', binary: true },
    { room: ROOM, series: ['cpu{'] },
    { room: ROOM, quantiles: [1] },
  ]) {
    expect(await client.ask('subscribe', wish)).toMatchObject({ ok: false, error: { code: 'invalid' } });
  }
  await publish(hub, { cpu: 1 });
  await waitFor(() => client.heard.some(({ event }) => event === 'frame'));
});
