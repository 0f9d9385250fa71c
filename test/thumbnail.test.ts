import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { get, send } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const guest = { 'x-guest-key': 'photographer0123456789' };

test('an image is posted over HTTP and over Socket.IO, and its thumbnail fetched over HTTP [P135]', async () => {
  const { url } = await startHub(scope);
  const bytes = await sharp({ create: { width: 400, height: 200, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const ofImage = (carried: unknown) => ({ text: 'look', image: { contentType: 'image/png', bytes: carried } });
  const ask = (input: object) => send('POST', `${url}/api/jobs/thumbnail`, { input: { room: 'chat:photos', ...input } }, guest);
  const client = await connectClient(scope, url);
  const posted = await send(
    'POST',
    `${url}/api/rooms/chat:photos/messages`,
    { data: ofImage({ $base64: bytes.toString('base64') }) },
    guest,
  );
  const published = await client.publish('chat:photos', ofImage(bytes));

  for (const { position } of [posted.body, published]) {
    const { headers } = await ask({ position, width: 50 });
    const job = `${url}${headers.get('location')}`;
    const { result } = await waitFor(async () => (({ body }) => (body.state === 'done' ? body : undefined))(await get(job, guest)));
    expect(result).toMatchObject({ contentType: 'image/webp', width: 50, height: 25, source: { format: 'png', width: 400, height: 200 } });
    const file = await fetch(`${job}/result`, { headers: guest });
    expect(file.headers.get('content-type')).toBe('image/webp');
    expect(await sharp(await file.arrayBuffer()).metadata()).toMatchObject({ format: 'webp', width: 50, height: 25 });
  }

  const { position } = await client.publish('chat:photos', { text: 'no image' });
  const refused = await ask({ position });
  const failed = await waitFor(async () =>
    (({ body }) => (body.state === 'failed' ? body : undefined))(await get(`${url}${refused.headers.get('location')}`, guest)),
  );
  expect(failed.error).toMatchObject({ code: 'invalid', message: 'the message carries no image' });
  expect(await ask({ room: 'user:somebody', position })).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
  expect(await ask({ position, width: 5_000 })).toMatchObject({ status: 400 });
});
