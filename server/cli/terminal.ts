import type { Terminal } from './command.js';

/** The terminal that a process really has. A reader that goes away (`roomcast --help | head`) ends it quietly. */
export function processTerminal(own: NodeJS.Process): Terminal {
  const stop = new AbortController();
  const ask = (signal: NodeJS.Signals) => {
    // The second one finds no handler, and the process ends as the signal wants.
    for (const name of ['SIGINT', 'SIGTERM'] as const) own.off(name, ask);
    stop.abort(signal);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) own.on(name, ask);
  for (const stream of [own.stdout, own.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    env: own.env,
    // Asked for only when it is read: opening it would keep the process alive.
    get stdin() {
      return own.stdin;
    },
    closeStdin: () => void own.stdin.destroy(),
    print: (line) => void own.stdout.write(`${line}\n`),
    report: (line) => void own.stderr.write(`${line}\n`),
    stop: stop.signal,
  };
}
