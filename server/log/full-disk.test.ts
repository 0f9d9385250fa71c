import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { buildForNode } from '../../test/support/build-for-node.js';
import { testScope } from '../../test/support/scope.js';
import { smallDisk } from '../../test/support/small-disk.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();

test('stores that fill up a disk keep all they took, never write to a full disk, and go on when there is space', async () => {
  const disk = await smallDisk(scope, 24);
  if (!disk) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const child = spawn(process.execPath, [buildForNode(scope, 'test/support/disk-filler.ts'), disk.dir]);
  scope.defer(child, () => child.kill('SIGKILL'));
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream].on('data', (bytes) => (said[stream] += bytes));
  const ended = once(child, 'close');
  const says = (line: string) => waitFor(() => said.stdout.endsWith(`${line}\n`) || child.exitCode !== null, { timeoutMs: 60_000 });
  await says('filled');
  await disk.stuff();
  child.stdin.write('full\n');
  await says('left alone');
  disk.grow(64);
  child.stdin.write('grown\n');
  const [code] = await ended;
  // The library says on stderr when the disk did not take a write.
  expect({ code, ...said }).toEqual({ code: 0, stdout: 'filled\nleft alone\nwhole\n', stderr: '' });
});
