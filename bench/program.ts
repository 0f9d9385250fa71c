import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';

/** A program that is no module of ours, as the one that started it sees it. */
export interface Program {
  readonly pid: number;
  /** The next line that it prints. @throws Error when it ends before, with what it said on its standard error */
  nextLine(): Promise<string>;
  /** Ends its standard input. */
  closeInput(): void;
  /** Resolves when it has ended by itself. @throws Error when it failed */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Time that a program has to end when it is asked to. */
const STOP_MS = 2_000;
/** Of what it says on its standard error, the end is kept. */
const SAID_CHARS = 2_000;

/** @param cpus cores as `taskset -c` takes them; left out: wherever the system puts it */
export function startProgram(command: string, args: readonly string[], cpus?: string): Program {
  const name = basename(command);
  const [file, ...rest] = cpus === undefined ? [command, ...args] : ['taskset', '-c', cpus, command, ...args];
  const child = spawn(file!, rest, { stdio: 'pipe' });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARS);
  });
  const lines = new Lines();
  createInterface({ input: child.stdout }).on('line', (line) => lines.add(line));
  // A program that has ended does not read what it is told.
  child.stdin.on('error', () => undefined);
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${name} could not be started: ${error.message}`)));
    child.once('close', (code, signal) => {
      const how = `${name} ended (${signal ?? `code ${code}`})${said === '' ? '' : `: ${said.trim()}`}`;
      lines.end(new Error(how));
      if (code === 0) resolve();
      else reject(new Error(how));
    });
  });
  done.catch((error: Error) => lines.end(error));
  return {
    nextLine: () => lines.next(),
    pid: child.pid ?? 0,
    closeInput: () => child.stdin.end(),
    done,
    stop: () => stop(child, done),
  };
}

async function stop(child: ChildProcess, done: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await done.catch(() => undefined);
  clearTimeout(insist);
}

/** Lines in their order, each taken once. */
class Lines {
  readonly #lines: string[] = [];
  readonly #waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  #ended: Error | undefined;

  add(line: string): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(line);
    else this.#lines.push(line);
  }

  end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }

  next(): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}
