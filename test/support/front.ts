import type { Child } from '../../server/cli/child.js';
import { freePort } from './redis.js';
import type { Scope } from './scope.js';
import { waitFor } from './wait.js';

/** Starts a proxy on a free port; tries another port when somebody else took it first. Ready when it passes `/readyz` on. */
export async function startFront(scope: Scope, name: string, start: (port: number) => Promise<Child>): Promise<Child & { url: string }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = scope.defer(await start(port), (started) => started.stop());
    const url = `http://127.0.0.1:${port}`;
    let ended = false;
    child.exited.then(() => {
      ended = true;
    });
    const ready = async () => ended || (await fetch(`${url}/readyz`)).ok;
    await waitFor(ready, { what: `${name} at ${url}` });
    if (!ended) return { ...child, url };
    if (attempt === 3) throw new Error(`${name} does not start:\n${child.output()}`);
  }
}
