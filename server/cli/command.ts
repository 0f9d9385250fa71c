import type { Declaration } from '../config/option.js';
import type { Environment } from '../config/read.js';

/** What a command gets from its surroundings; a test gives its own. */
export interface Terminal {
  readonly env: Environment;
  readonly stdin: AsyncIterable<string | Uint8Array>;
  /** Nothing more is read: the process does not wait for whoever writes to stdin. */
  closeStdin(): void;
  /** One line of result. */
  print(line: string): void;
  /** One line about what happens or went wrong. */
  report(line: string): void;
  /** Fires at the first SIGINT or SIGTERM; the second ends the process at once. */
  readonly stop: AbortSignal;
}

/** Results of the whole process. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One word after `roomcast`. */
export interface Command {
  /** What stands behind the command's name: `<room> [flags]`. */
  readonly usage: string;
  /** Flags of its own, for its help; the hub's own options are shown by `--help` alone. */
  readonly options: Declaration;
  /** @throws ConfigError or HubError: shown as one line */
  run(argv: readonly string[], terminal: Terminal): Promise<ExitCode>;
}
