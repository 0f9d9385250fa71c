import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a process can be asked: functions of one input, which answer in JSON. */
type InputOf<Call> = Call extends (input: infer Input) => unknown ? Input : never;
type AnswerOf<Call> = Call extends (input: never) => Promise<infer Answer> ? Answer : never;

type Request = { id: number; name: string; input: unknown };
type Reply = { id: number; answer: unknown } | { id: number; failure: string };

/** A process of the benchmark, as the one that started it sees it. */
export interface BenchProcess<Calls extends object> {
  readonly pid: number;
  /** @throws Error with the text of what the process threw, or when it ended before it answered */
  call<Name extends keyof Calls & string>(name: Name, input: InputOf<Calls[Name]>): Promise<AnswerOf<Calls[Name]>>;
  /** Hands it a connection, which `onConnection` takes there. */
  hand(connection: Socket): void;
  stop(): Promise<void>;
}

/** The message that comes with a connection. */
const CONNECTION = 'connection';

/** Time that a process has to end by itself. */
const STOP_MS = 2_000;

/**
 * Starts a module in a process of its own, which answers with `answerCalls`. What it prints goes to the standard error, so that the
 * standard output has the result only.
 * @param cpus cores as `taskset -c` takes them; left out: wherever the system puts it
 * @param nodeArgs options of Node's own
 */
export function startProcess<Calls extends object>(module: URL, cpus?: string, nodeArgs: readonly string[] = []): BenchProcess<Calls> {
  const file = fileURLToPath(module);
  const pinned =
    cpus === undefined ? { execArgv: [...nodeArgs] } : { execPath: 'taskset', execArgv: ['-c', cpus, process.execPath, ...nodeArgs] };
  const child = fork(file, { ...pinned, stdio: ['ignore', 2, 2, 'ipc'] });
  const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>();
  let calls = 0;
  let ended: Error | undefined;

  const exited = new Promise<void>((resolve) => {
    const end = (how: string) => {
      ended ??= new Error(`${basename(file, '.js')} ${how}`);
      for (const { reject } of waiting.values()) reject(ended);
      waiting.clear();
      resolve();
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => end(`ended (${signal ?? `code ${code}`})`));
  });
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('failure' in reply) call?.reject(new Error(reply.failure));
    else call?.resolve(reply.answer as never);
  });

  return {
    pid: child.pid ?? 0,
    call: (name, input) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = ++calls;
        waiting.set(id, { resolve, reject });
        child.send({ id, name, input } satisfies Request);
      }),
    hand: (connection) => void child.send(CONNECTION, connection),
    stop: () => stop(child, exited),
  };
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(insist);
}

/** The other end: answers the calls of the process that started this one, and ends when that one lets go or is gone. */
export function answerCalls<Calls extends { [Name in keyof Calls]: (input: never) => Promise<unknown> }>(calls: Calls): void {
  // The one that asked may be gone meanwhile: then nobody misses the answer.
  const send = (reply: Reply) => process.send?.(reply, undefined, undefined, () => undefined);
  process.on('message', (message: Request | typeof CONNECTION) => {
    if (message === CONNECTION) return;
    const { id, name, input } = message;
    calls[name as keyof Calls](input as never).then(
      (answer) => send({ id, answer }),
      (error: unknown) => send({ id, failure: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.once('disconnect', () => process.exit(0));
}

/** Takes the connections that the process that started this one hands over. */
export function onConnection(take: (connection: Socket) => void): void {
  process.on('message', (message: Request | typeof CONNECTION, connection: Socket | undefined) => {
    // It may have ended on the way.
    if (message === CONNECTION && connection) take(connection);
  });
}
