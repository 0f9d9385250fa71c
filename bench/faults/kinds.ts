/** Every fault, and what it does. `T`: the one that the seed picked. */
export const FAULTS = {
  'redis-restart': 'Redis is told to end, and started again.',
  'redis-kill': 'Redis is killed (SIGKILL), and started again.',
  'redis-stop': 'Redis is stopped (SIGSTOP), and goes on.',
  'redis-black-hole': 'The links of T to Redis pass no byte, and stay open.',
  'redis-delay': 'The links of T to Redis hold each chunk.',
  'redis-throttle': 'The links of T to Redis pass so many bytes a second.',
  'redis-client-kill': 'Redis cuts all its clients (`CLIENT KILL`).',
  'redis-flush': 'Redis loses everything (`FLUSHALL`).',
  'redis-output-buffer': 'Redis may keep 16 KiB for a subscriber, and messages of 32 KB come.',
  'redis-oom': 'Redis takes no writes for lack of memory (`maxmemory`, `noeviction`).',
  'redis-readonly': 'Redis becomes the replica of nobody (`REPLICAOF`), and a primary again.',
  'instance-kill': 'T, an instance, is killed (SIGKILL), and started again.',
  'instance-stop': 'T, an instance, is stopped (SIGSTOP), and goes on.',
  'client-cut': 'A quarter of the clients is cut (RST) and not let back in.',
  'client-black-hole': "A quarter of the clients' connections pass no byte, and stay open.",
  'nginx-reload': 'nginx reads its configuration anew.',
  'rolling-restart': 'The instances are told to end (SIGTERM) and started again, one after the other.',
  'worker-kill': 'T, a job worker, is killed (SIGKILL), and started again.',
  'worker-stop': 'T, a job worker, is stopped (SIGSTOP) for longer than it may hold its jobs, and goes on.',
} as const;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** What a fault hits: two that hit the same thing do not overlap. */
export const partOf = (kind: FaultKind) => (kind === 'rolling-restart' ? 'instance' : kind.split('-')[0]!);

/** The kinds that a list names, or all of `usual`. @throws Error in one line */
export function kindsFrom(text: string | undefined, usual: readonly FaultKind[]): readonly FaultKind[] {
  if (text === undefined) return usual;
  const kinds = text.split(',');
  const unknown = kinds.find((kind) => !Object.hasOwn(FAULTS, kind));
  if (unknown !== undefined) throw new Error(`no fault is named ${unknown}: there is ${FAULT_KINDS.join(', ')}`);
  return kinds as FaultKind[];
}
