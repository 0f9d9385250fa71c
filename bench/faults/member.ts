import type { Child } from '../../server/cli/child.js';

/** Well beyond what a process gives its clients and jobs. */
const END_MS = 20_000;

/** A process of the cluster that may be killed and started again. */
export class Member {
  #child: Child | undefined;
  #meant = false;
  readonly #outputs: (() => string)[] = [];

  /** @param onCrash hears of an end that nobody asked for */
  constructor(
    readonly name: string,
    private readonly launch: () => Promise<Child>,
    private readonly onCrash: (what: string) => void,
  ) {}

  /** @throws Error before it was started */
  get pid(): number {
    if (!this.#child) throw new Error(`${this.name} was not started`);
    return this.#child.pid;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    this.#meant = false;
    const child = await this.launch();
    this.#child = child;
    this.#outputs.push(() => child.output());
    child.exited.then(({ code, signal }) => {
      if (!this.#meant) this.onCrash(`${this.name} ended by itself (${signal ?? `code ${code}`})`);
    });
  }

  /** For signals that do not end it. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.signal(signal);
  }

  async kill(): Promise<void> {
    this.#meant = true;
    this.#child?.signal('SIGKILL');
    await this.#child?.exited;
  }

  /** Asks it to end, and waits for that. One that does not is killed, and counts as crashed. */
  async end(): Promise<void> {
    this.#meant = true;
    const exit = await this.#child?.stop(END_MS);
    if (exit?.signal === 'SIGKILL') this.onCrash(`${this.name} did not end within ${END_MS} ms`);
  }

  /** What all its incarnations printed. */
  output(): string {
    return this.#outputs.map((output) => output()).join('\n--- started again ---\n');
  }
}
