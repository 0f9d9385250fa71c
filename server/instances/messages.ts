import type { Socket } from 'node:net';

/** What the primary tells an instance. `connection` and `upgrade` come with a socket. */
export type ToInstance =
  | { readonly type: 'connection' }
  /** A request that another instance read: `head` is all of it that was read, base64. */
  | { readonly type: 'upgrade'; readonly head: string }
  /** End in order. `successor`: the instance that answers for this one from now on. */
  | { readonly type: 'stop'; readonly successor?: number };

/** What an instance tells the primary. */
export type FromInstance =
  | { readonly type: 'ready' }
  /** No more connections, please: it was told to stop by somebody else. */
  | { readonly type: 'leaving' }
  /** Sockets since its start: how many came, and how many of those have ended. */
  | { readonly type: 'load'; readonly taken: number; readonly closed: number }
  /** With a socket: an upgrade that belongs to the instance `to`. */
  | { readonly type: 'upgrade'; readonly to: number; readonly head: string };

/** The instance's end of the channel: `process` of a forked process. */
export interface Channel {
  send(message: FromInstance, socket?: Socket, sent?: (error: Error | null) => void): void;
  onMessage(listener: (message: ToInstance, socket: Socket | undefined) => void): void;
  /** The primary is gone. */
  onDisconnect(listener: () => void): void;
}

/** @throws Error when this process was not forked by a primary */
export function channelOf(own: NodeJS.Process): Channel {
  if (!own.send) throw new Error('an instance is started by roomcast serve --instances');
  return {
    send: (message, socket, sent = () => {}) => {
      if (own.connected) own.send?.(message, socket, {}, sent);
      else sent(new Error('the primary is gone'));
    },
    onMessage: (listener) => void own.on('message', (message, socket) => listener(message as ToInstance, socket as Socket | undefined)),
    onDisconnect: (listener) => void own.once('disconnect', listener),
  };
}
