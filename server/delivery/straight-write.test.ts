import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { Socket as TcpSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { testScope } from '../../test/support/scope.js';
import { openTcpPair } from '../../test/support/tcp-pair.js';
import { waitFor } from '../../test/support/wait.js';
import { handleOf, hasStill, type SystemHandle } from './straight-write.js';
import { Turn } from './turn.js';
import { TurnSender } from './turn-sender.js';

const scope = testScope();
const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

/** Both ends of a connection, the server's first, whatever errors they meet. */
async function openPair(): Promise<[TcpSocket, TcpSocket]> {
  const pair = await openTcpPair(scope);
  for (const end of pair) end.on('error', () => {});
  return pair;
}

type Closing = SystemHandle & Record<'close' | 'reset', (...args: unknown[]) => unknown>;

/** What is seen of a handle when it is closed, by whatever could run next. */
function watchClosing(socket: TcpSocket, handle: Closing): { held: boolean; fd: number }[] {
  const seen: { held: boolean; fd: number }[] = [];
  const look = () => seen.push({ held: hasStill(socket, handle), fd: handle.fd });
  for (const way of ['close', 'reset'] as const) {
    const before = handle[way];
    handle[way] = (...args) => {
      queueMicrotask(look);
      process.nextTick(look);
      return before.apply(handle, args);
    };
  }
  return seen;
}

test.each<[string, (near: TcpSocket, far: TcpSocket) => void]>([
  ['is destroyed', (near) => near.destroy()],
  ['is destroyed with an error', (near) => near.destroy(new Error('enough'))],
  ['is reset', (near) => near.resetAndDestroy()],
  ['is destroyed once all is written', (near) => near.destroySoon()],
  [
    'is ended by both',
    (near, far) => {
      near.resume();
      far.resume();
      far.end();
      near.end();
    },
  ],
  [
    'is reset by the other end while it is read',
    (near, far) => {
      near.resume();
      far.resetAndDestroy();
    },
  ],
  [
    'is reset by the other end while it is written to',
    (near, far) => {
      far.resetAndDestroy();
      const write = () => near.destroyed || near.write('x', () => setImmediate(write));
      write();
    },
  ],
])('a connection that %s lets go of its handle in the step in which its descriptor is closed', async (_how, end) => {
  const [near, far] = await openPair();
  const handle = handleOf(near) as Closing;
  expect(hasStill(near, handle)).toBe(true);
  const seen = watchClosing(near, handle);
  end(near, far);
  await waitFor(() => near.closed && seen.length === 2);
  expect(seen).toEqual([
    { held: false, fd: -1 },
    { held: false, fd: -1 },
  ]);
  expect(handleOf(near)).toBe(undefined);
});

test('nothing is written to a file that has the descriptor of a connection that was destroyed in the same turn', async () => {
  const [near] = await openPair();
  const turn = new Turn({ windowMs: 0 });
  const host = { turn, onCongestion: () => {}, onWaiting: () => {}, straightBytes: 0 };
  const sender = new TurnSender(host, near, {});
  await turnEnd();
  sender.send('heard', {});
  await turnEnd();
  const written = host.straightBytes;
  expect(written).toBeGreaterThan(0);
  const { fd } = handleOf(near)!;
  const dir = scope.defer(mkdtempSync(join(tmpdir(), 'roomcast-fd-')), (made) => rmSync(made, { recursive: true }));
  const path = join(dir, 'other');
  sender.send('lost', {});
  near.destroy();
  // The lowest that is free, each time: unless another thread was faster, one of these has it.
  const files: number[] = [];
  while (files.at(-1) !== fd && files.length < 100) files.push(openSync(path, 'w'));
  await turnEnd();
  sender.send('lost too', {});
  await turnEnd();
  for (const file of files) closeSync(file);
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(host.straightBytes).toBe(written);
});
