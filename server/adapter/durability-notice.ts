import { DURABILITY_UNKNOWN, describeMasters, type RedisFacts } from './durability.js';
import type { LinkLog } from './link-log.js';

interface KnownMaster {
  readonly name: string;
  /** Undefined: it was not reached yet. */
  readonly facts: RedisFacts | undefined;
}

/** What a crash of Redis could lose: a line in the log each time that it is something else. */
export class DurabilityNotice {
  /** In one sentence. */
  text = DURABILITY_UNKNOWN;

  constructor(private readonly log: Pick<LinkLog, 'info' | 'warn'>) {}

  update(masters: readonly KnownMaster[]): void {
    const known = masters.flatMap(({ name, facts }) => (facts ? [{ name, facts }] : []));
    const text = describeMasters(known);
    if (text === this.text) return;
    this.text = text;
    const lossy = known.some(({ facts }) => facts.lossy);
    const versions = [...new Set(known.map(({ facts }) => facts.version))];
    this.log[lossy ? 'warn' : 'info']({ redis: versions.join(', ') }, text);
  }
}
