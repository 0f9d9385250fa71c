import type { RedisNode } from './redis-node.js';
import { hostName, type RedisHost } from './topology.js';

/** A server of the Cluster that this process is connected to. */
export interface ClusterMember {
  readonly node: RedisNode;
  readonly at: RedisHost;
  /** Milliseconds of `performance.now()` of the last command for it. */
  usedAt: number;
}

/** A server that is being given its first slots has none yet; its connections are kept for this long after the last use. */
const GUEST_MS = 60_000;

/** The servers of a Cluster by their name: its masters, and those that are becoming some. */
export class ClusterMembers {
  readonly #members = new Map<string, ClusterMember>();

  constructor(private readonly open: (name: string, at: RedisHost) => RedisNode) {}

  get(name: string | undefined): ClusterMember | undefined {
    return name === undefined ? undefined : this.#members.get(name);
  }

  all(): ClusterMember[] {
    return [...this.#members.values()];
  }

  /** Those that take commands. */
  connected(): ClusterMember[] {
    return this.all().filter(({ node }) => node.command.ready());
  }

  /** Gives the one at the address; connects to it first when it is a new one. */
  join(at: RedisHost): ClusterMember {
    const name = hostName(at);
    const known = this.#members.get(name);
    if (known) return known;
    const member = { node: this.open(name, at), at, usedAt: performance.now() };
    this.#members.set(name, member);
    return member;
  }

  /** Lets go of those that are no masters and that nobody used of late. */
  leaveFormer(isMaster: (name: string) => boolean): void {
    for (const [name, member] of this.#members) {
      if (isMaster(name) || performance.now() - member.usedAt < GUEST_MS) continue;
      this.#members.delete(name);
      void member.node.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map(({ node }) => node.close()));
  }
}
