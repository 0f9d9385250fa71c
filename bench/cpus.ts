import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Cores, as `taskset -c` takes them, of the process that is measured and of the one that loads it; left out: not pinned. */
export interface Placement {
  readonly server?: string;
  readonly client?: string;
}

/** `0-2,5` is 0, 1, 2, 5. */
export function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
  });
}

/** The cores that this process may use; undefined where the system does not say. */
export function allowedCpus(): number[] | undefined {
  try {
    const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return list === undefined ? undefined : parseCpuList(list);
  } catch {
    return undefined;
  }
}

/** The client gets the last core, the server all others, so that they don't disturb each other; nothing is pinned without taskset or with one core. */
export function placeApart(cpus = allowedCpus(), pins = hasTaskset()): Placement {
  if (!pins || !cpus || cpus.length < 2) return {};
  return { server: cpus.slice(0, -1).join(','), client: String(cpus.at(-1)) };
}

function hasTaskset(): boolean {
  return spawnSync('taskset', ['--version']).status === 0;
}
