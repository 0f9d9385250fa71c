import { PassThrough } from 'node:stream';
import type { Terminal } from '../../server/cli/command.js';

/** A terminal whose output is kept, and whose input a test writes. */
export function testTerminal(env: Record<string, string> = {}) {
  const stdin = new PassThrough();
  const stopping = new AbortController();
  const printed: string[] = [];
  const reported: string[] = [];
  const own: Terminal = {
    env,
    stdin,
    closeStdin: () => void stdin.destroy(),
    print: (line) => void printed.push(line),
    report: (line) => void reported.push(line),
    stop: stopping.signal,
  };
  return { own, stdin, printed, reported, stop: () => stopping.abort() };
}
