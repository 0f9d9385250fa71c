import { EXIT, type ExitCode, type Terminal } from './command.js';

/** Something that runs until it is closed: a hub, a worker. */
export interface Running {
  /** Ends in order: takes nothing new, finishes what runs, within the configured time. */
  close(): Promise<void>;
}

/**
 * Starts something, says so, and closes it when the terminal asks to stop, also when that happens while it still starts.
 * @throws whatever the start throws
 */
export async function runUntilStopped<Thing extends Running>(
  start: () => Promise<Thing>,
  started: (thing: Thing) => string,
  terminal: Pick<Terminal, 'print' | 'report' | 'stop'>,
): Promise<ExitCode> {
  const thing = await start();
  if (!terminal.stop.aborted) {
    terminal.print(started(thing));
    await new Promise<void>((resolve) => terminal.stop.addEventListener('abort', () => resolve(), { once: true }));
  }
  await thing.close();
  return EXIT.ok;
}
