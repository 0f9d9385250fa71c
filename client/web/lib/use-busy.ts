import { useState } from 'preact/hooks';

/** Whether one of its runs goes on now, and the way to begin one: of a run that fails the message is told. */
export function useBusy(onFault: (message: string) => void): [boolean, (run: () => Promise<void>) => Promise<void>] {
  const [busy, setBusy] = useState(false);
  const begin = async (run: () => Promise<void>) => {
    setBusy(true);
    try {
      await run();
    } catch (error) {
      onFault((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return [busy, begin];
}
