import { type ChildProcess, spawn } from 'node:child_process';

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of ours whose output is kept and whose end can be awaited. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** What it printed on both streams, the newest `OUTPUT_CHARS` of it. */
  output(): string;
  /**
   * Resolves with the first match in its output, past or to come.
   * @throws Error with the output when the process ends, or `timeoutMs` pass, before it
   */
  printed(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves when it has ended and its output is complete. */
  readonly exited: Promise<ChildExit>;
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end (SIGTERM), insists (SIGKILL) after `graceMs`, and waits for the end. A stopped process is woken first. */
  stop(graceMs?: number): Promise<ChildExit>;
}

/** A start that takes a second takes half a minute where much else runs. */
const PRINTED_MS = 60_000;
const OUTPUT_CHARS = 4 * 1024 * 1024;

export interface ChildOptions {
  readonly cwd?: string;
  /** Its whole environment. Default: this process' own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** In a process group of its own, so that a terminal's Ctrl-C does not reach it. */
  readonly detached?: boolean;
  readonly onOutput?: (text: string) => void;
}

/**
 * Starts a process and resolves when it runs.
 * @throws Error when the program cannot be started
 */
export async function startChild(
  name: string,
  command: string,
  args: readonly string[],
  { onOutput, ...options }: ChildOptions = {},
): Promise<Child> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const seen = new Output(onOutput);
  child.stdout.setEncoding('utf8').on('data', (text: string) => seen.add(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => seen.add(text));
  const exited = new Promise<ChildExit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  exited.then((exit) => seen.end(`${name} ended (${exit.signal ?? `code ${exit.code}`})`));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${name}: ${command} cannot be started`, { cause: error })));
  });
  return {
    name,
    pid: child.pid!,
    exited,
    output: () => seen.text,
    printed: (pattern, timeoutMs = PRINTED_MS) => seen.match(pattern, name, timeoutMs),
    signal: (signal) => child.kill(signal),
    stop: (graceMs = 10_000) => stop(child, exited, graceMs),
  };
}

async function stop(child: ChildProcess, exited: Promise<ChildExit>, graceMs: number): Promise<ChildExit> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    child.kill('SIGCONT');
  }
  const insist = setTimeout(() => child.kill('SIGKILL'), graceMs);
  const exit = await exited;
  clearTimeout(insist);
  return exit;
}

/** What was printed so far, and those who wait for something in it. */
class Output {
  text = '';
  private ended: string | undefined;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly onOutput: ((text: string) => void) | undefined) {}

  add(text: string): void {
    this.text = (this.text + text).slice(-OUTPUT_CHARS);
    this.onOutput?.(text);
    for (const check of this.waiting) check();
  }

  end(reason: string): void {
    this.ended = reason;
    for (const check of this.waiting) check();
  }

  match(pattern: RegExp, name: string, timeoutMs: number): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.waiting.delete(check);
        act();
      };
      const fail = (reason: string) => settle(() => reject(new Error(`${reason} before it printed ${pattern}; it printed:\n${this.text}`)));
      const check = () => {
        const found = pattern.exec(this.text);
        if (found) settle(() => resolve(found));
        else if (this.ended) fail(this.ended);
      };
      const timer = setTimeout(() => fail(`${name}: ${timeoutMs} ms passed`), timeoutMs);
      this.waiting.add(check);
      check();
    });
  }
}
