import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Ack, Message } from '../../shared/protocol.js';
import { ROOT } from './files.js';
import type { Scope } from './scope.js';
import { waitFor } from './wait.js';

/** Debian's python3-socketio in a process of its own. */
export interface PythonClient {
  readonly messages: Message[];
  readonly heard: { event: string; data: unknown }[];
  /** `websocket` or `polling`. */
  readonly transport: string;
  ask<Answer>(event: string, data: unknown): Promise<Ack<Answer>>;
}

type Line = { event: string; data: unknown } | { call: number; answer: unknown };

/** Connects by polling and upgrades, unless `transports` says otherwise. */
export async function startPythonClient(scope: Scope, url: string, transports = 'polling,websocket'): Promise<PythonClient> {
  // Debian's own interpreter: another one on the PATH would not find Debian's packages.
  const python = spawn('/usr/bin/python3', [`${ROOT}test/support/python-client.py`, url, transports], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => python.once('close', () => resolve()));
  scope.defer(python, async () => {
    python.kill('SIGKILL');
    await ended;
  });
  let faults = '';
  python.stderr.setEncoding('utf8').on('data', (text: string) => {
    faults += text;
  });
  const heard: { event: string; data: unknown }[] = [];
  const answers = new Map<number, unknown>();
  createInterface(python.stdout).on('line', (text) => {
    const line: Line = JSON.parse(text);
    if ('call' in line) answers.set(line.call, line.answer);
    else heard.push(line);
  });
  const answering = <Value>(condition: () => Value, what: string) =>
    waitFor(
      () => {
        if (python.exitCode !== null) throw new Error(`python ended: ${faults}`);
        return condition();
      },
      { what },
    );
  const connected = await answering(() => heard.find(({ event }) => event === 'connected'), 'the Python client to connect');
  let calls = 0;
  return {
    get messages() {
      return heard.flatMap(({ event, data }) => (event === 'message' ? [data as Message] : []));
    },
    heard,
    transport: (connected.data as { transport: string }).transport,
    async ask<Answer>(event: string, data: unknown) {
      const call = ++calls;
      python.stdin.write(`${JSON.stringify({ call, event, data })}\n`);
      return (await answering(() => answers.get(call), `the answer to ${event}`)) as Ack<Answer>;
    },
  };
}
