import { HubError } from '../../shared/errors.js';
import { replyCode } from './command-errors.js';
import type { RedisClient } from './redis-client.js';
import { askingClient, type SendToKey } from './redis-cluster-client.js';
import type { ClusterMember, ClusterMembers } from './redis-cluster-members.js';
import { redirectionOf } from './redis-cluster-replies.js';
import { hashTag, keySlot } from './redis-key-slot.js';
import type { SlotMap } from './redis-slot-map.js';
import { type Redirection, TagOrder } from './redis-tag-order.js';
import { hostName, type RedisHost } from './topology.js';

interface RoutingOptions {
  readonly members: ClusterMembers;
  readonly slots: SlotMap;
  /** A server said that the slot is this one's. */
  onMoved(slot: number, to: RedisHost): void;
}

/** A redirected command is refused after this long, so that it is within 2 s. */
const GIVE_UP_MS = 1_000;
const TRY_AGAIN_MS = 20;
const WAITING_MAX = 50_000;

/** A command was redirected to a server that is not connected yet. */
class NotConnectedYet extends HubError {}

/** Sends each call to the master of its key, after the calls of the same hash tag that were given before it, also while its slot moves. */
export function routeToMasters({ members, slots, onMoved }: RoutingOptions): SendToKey {
  const order = new TagOrder<RedisHost>({ giveUpMs: GIVE_UP_MS, waitingMax: WAITING_MAX, redirection });

  function redirection(error: unknown): Redirection<RedisHost> | undefined {
    if (error instanceof NotConnectedYet) return { to: undefined, afterMs: TRY_AGAIN_MS };
    const code = replyCode(error);
    if (code === 'TRYAGAIN') return { to: undefined, afterMs: TRY_AGAIN_MS };
    const target = redirectionOf(error);
    if (!target) return undefined;
    const member = members.join(target.at);
    if (code === 'MOVED') onMoved(target.slot, target.at);
    return { to: code === 'ASK' ? target.at : undefined, afterMs: member.node.command.ready() ? 0 : TRY_AGAIN_MS };
  }

  return (key, call) => {
    if (key === undefined) return attempt(members.connected()[0], call);
    const slot = keySlot(key);
    return order.run(hashTag(key), (to, redirected) => {
      const member = members.get(to ? hostName(to) : slots.masterOf(slot));
      if (redirected && !member?.node.command.ready()) return Promise.reject(new NotConnectedYet('unavailable'));
      return attempt(member, call, to !== undefined);
    });
  };
}

/** `asking`: the server is being given the slot, and answers for it when it is told that the caller knows. */
function attempt<Result>(
  member: ClusterMember | undefined,
  call: (client: RedisClient) => Promise<Result>,
  asking = false,
): Promise<Result> {
  if (!member) return Promise.reject(new HubError('unavailable', 'No server of the Cluster has the slot; nothing was stored.'));
  member.usedAt = performance.now();
  return member.node.command.run((client) => call(asking ? askingClient(client) : client));
}
