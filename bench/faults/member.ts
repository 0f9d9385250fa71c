import type { Child } from '../../server/cli/child.js';

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

  /** Asks it to end, and waits for that. */
  async end(): Promise<void> {
    this.#meant = true;
    await this.#child?.stop();
  }

  /** What all its incarnations printed. */
  output(): string {
    return this.#outputs.map((output) => output()).join('\n--- started again ---\n');
  }
}
