import type { Socket } from 'node:net';

/** What comes with a socket. */
export type Delivery =
  | { readonly type: 'connection' }
  /** A connection whose last request another instance read: `head` is that request, base64. */
  | { readonly type: 'request'; readonly head: string };

/** What the primary tells an instance. */
export type ToInstance =
  /** `number` rises by one with each. */
  | (Delivery & { readonly number: number })
  /** End in order. `successor`: the instance that answers for this one from now on. */
  | { readonly type: 'stop'; readonly successor?: number };

/** What an instance tells the primary. */
export type FromInstance =
  | { readonly type: 'ready' }
  /** No more connections, please: it was told to stop by somebody else. */
  | { readonly type: 'leaving' }
  /** The number of the last delivery, and how many of all have ended. */
  | { readonly type: 'load'; readonly taken: number; readonly closed: number }
  /** With a socket: a connection whose last request belongs to the instance `to`. */
  | { readonly type: 'request'; readonly to: number; readonly head: string };

/** The instance's end of the channel: `process` of a forked process. */
export interface Channel {
  send(message: FromInstance, socket?: Socket, sent?: (error: Error | null) => void): void;
  onMessage(listener: (message: ToInstance, socket: Socket | undefined) => void): void;
  /** The primary is gone. */
  onDisconnect(listener: () => void): void;
}

const LOOK_MS = 500;

/** @throws Error when this process was not forked by a primary */
export function channelOf(own: NodeJS.Process): Channel {
  if (!own.send) throw new Error('an instance is started by roomcast serve --instances');
  return {
    send: (message, socket, sent = () => {}) => {
      if (own.connected) own.send?.(message, socket, {}, sent);
      else sent(new Error('the primary is gone'));
    },
    onMessage: (listener) => void own.on('message', (message, socket) => listener(message as ToInstance, socket as Socket | undefined)),
    // Looked at, because Node keeps the event to itself while a socket that was sent is not taken, and then it never will be.
    onDisconnect: (listener) => {
      const watch = setInterval(() => {
        if (own.connected) return;
        clearInterval(watch);
        listener();
      }, LOOK_MS).unref();
    },
  };
}
