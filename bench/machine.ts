import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** What figures depend on beside the code. */
export interface MachineFacts {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted a core in the minute before the benchmark: others that share the machine. */
  readonly loadBefore: number;
}

export function readMachine(): MachineFacts {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() || 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  };
}

/** Load from which the figures say more about the others on the machine than about the code. */
const BUSY_LOAD = 0.5;

export function isBusy({ loadBefore }: Pick<MachineFacts, 'loadBefore'>): boolean {
  return loadBefore > BUSY_LOAD;
}

export function describeMachine({ cores, cpu, memoryGiB, platform, node }: MachineFacts): string {
  return `${cores} ${cores === 1 ? 'core' : 'cores'} (${cpu}), ${memoryGiB} GiB, ${platform}, Node ${node}`;
}
