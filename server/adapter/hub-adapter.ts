import { createShardedAdapter } from '@socket.io/redis-adapter';
import type { Namespace } from 'socket.io';
import type { Adapter } from 'socket.io-adapter';
import { HubError } from '../../shared/errors.js';
import { isHubBroadcast } from './hub-broadcast.js';
import type { RedisLink } from './redis-link.js';

/** The calls that the sharded adapter makes on its two node-redis clients. */
interface AdapterClient {
  sPublish(channel: string, payload: string | Buffer): Promise<number>;
  sendCommand(args: string[]): Promise<unknown>;
  sSubscribe(channel: string, listener: (payload: Buffer, channel: string) => void): Promise<void>;
  sUnsubscribe(channel: string): Promise<void>;
}

/**
 * What Socket.IO's `adapter` option takes: the stock sharded adapter in dynamic mode, over the link. Its emits fail like any command
 * while Redis is away (counted and logged by the link; sockets of this instance get them all the same), its subscriptions
 * come back with the link. The hub's own room messages pass it by: the rooms' feeds deliver those, in order.
 */
export function createHubAdapter(link: RedisLink, { channelPrefix = 'socket.io' } = {}): (nsp: Namespace) => Adapter {
  // No arrow function: Socket.IO calls it with `new`.
  return function hubAdapter(nsp) {
    const client = adapterClient(link);
    return createShardedAdapter(client, client, { channelPrefix, subscriptionMode: 'dynamic' })(nsp) as Adapter;
  };
}

function adapterClient(link: RedisLink): AdapterClient {
  const subscriptions = new Map<string, () => void>();
  const end = (channel: string) => {
    subscriptions.get(channel)?.();
    subscriptions.delete(channel);
  };
  return {
    sPublish: (channel, payload) => link.publish(channel, payload),

    sendCommand(args) {
      // It counts the instances by their subscriptions: without ours, and so perhaps without theirs, the count would be wrong.
      if (!link.ready()) return Promise.reject(new HubError('unavailable', 'Redis cannot be reached.'));
      return link.run((client) => client.sendCommand(args));
    },

    async sSubscribe(channel, listener) {
      end(channel);
      const message = (payload: Buffer) => {
        if (!isHubBroadcast(payload)) listener(payload, channel);
      };
      subscriptions.set(channel, link.keepSubscribed(channel, { message }));
    },

    async sUnsubscribe(channel) {
      end(channel);
    },
  };
}
