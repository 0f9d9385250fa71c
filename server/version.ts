import { readFileSync } from 'node:fs';

/** The package's version: its package.json is above the sources, and one level further above the build. */
export function version(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const found: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
    } catch {
      // Not there: the next one.
    }
  }
  return 'unknown';
}
