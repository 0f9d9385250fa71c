import type { EngineConnection } from './internals.js';
import { SmallTransport } from './small-transport.js';

export interface WriteOptions {
  readonly compress?: boolean;
  readonly wsPreEncodedFrame?: unknown;
}

/**
 * Takes the place of engine.io's `write` on a connection: a text goes to the turn without the queues between, which hold nothing while the
 * connection takes what it is sent. engine.io's events of these queues, `flush` and `drain`, are told for what goes through them.
 */
export function writeAtOnce(this: EngineConnection, data: unknown, options?: WriteOptions, sent?: () => void): EngineConnection {
  const { transport } = this;
  const isShort = typeof data === 'string' && !sent && !options?.wsPreEncodedFrame && transport instanceof SmallTransport;
  if (!isShort || this.readyState !== 'open' || this.writeBuffer.length > 0 || !transport.isFree) {
    this.sendPacket('message', data, options, sent);
    return this;
  }
  if (this.listenerCount('packetCreate') > 0) this.emit('packetCreate', { type: 'message', data, options });
  transport.sendText(data, options?.compress !== false);
  return this;
}
