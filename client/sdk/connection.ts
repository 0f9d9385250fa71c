import { io } from 'socket.io-client';
import { HubError } from '../../shared/errors.js';
import { type ConnectErrorData, type HandshakeAuth, type Notice, PROTOCOL_VERSION, type Welcome } from '../../shared/protocol.js';
import type { ConnectOptions, HubSocket, HubState, Off } from './api.js';
import { onBrokenUpgrade } from './broken-upgrade.js';
import { type BackoffBounds, backoffMs, type Clock } from './clock.js';
import {
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  reduceConnection,
  startConnection,
} from './connection-state.js';
import { tokenError } from './credentials.js';
import { Machine } from './machine.js';
import { localRefusal, type Refusal, refusalOf } from './requests.js';

/** A socket that connects when it is told to and leaves reconnecting to its owner. */
export function createSocket(url: string | undefined, options: ConnectOptions['io'] = {}): HubSocket {
  const inPage = (globalThis as { location?: unknown }).location !== undefined;
  if (url === undefined && !inPage) throw new HubError('invalid', 'outside of a page, connect needs the address of the hub');
  // One manager per hub object: closing one must not touch another.
  const own = { ...options, autoConnect: false, reconnection: false, forceNew: true };
  return url === undefined ? io(own) : io(url, own);
}

export interface ConnectionOptions {
  readonly socket: HubSocket;
  readonly clock: Clock;
  readonly backoff: BackoffBounds;
  readonly connectTimeoutMs: number;
  /** Another token can be had after a refusal. */
  readonly renewable: boolean;
  readonly handshake: () => Promise<HandshakeAuth>;
  readonly onState: (state: HubState) => void;
  readonly onWelcome: (welcome: Welcome) => void;
  readonly onError: (error: HubError) => void;
}

/** Keeps one connection up: opens, waits, opens again, until closed or refused for good. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #machine: Machine<ConnectionState, ConnectionEvent, ConnectionEffect>;
  #hubState: HubState = 'connecting';
  #attempt = 0;
  #heard = 0;
  #cancelWait: Off = () => {};
  #cancelTimeout: Off = () => {};
  #unlisten: Off = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#machine = new Machine(startConnection(options.renewable), reduceConnection, (effect) => this.#perform(effect));
    this.#listen(options.socket);
  }

  get state(): HubState {
    return this.#hubState;
  }

  /** Events and answers that have come from the hub. */
  get heard(): number {
    return this.#heard;
  }

  start(): void {
    this.#machine.feed({ kind: 'start' });
  }

  close(): void {
    this.#machine.feed({ kind: 'close' });
  }

  /**
   * Leaves a connection that counts as open and carries nothing for another.
   * @param why the attempt failed, where there was no welcome yet
   */
  leave(why: string): void {
    this.#options.socket.disconnect();
    this.#failed(localRefusal('unavailable', why));
    this.#machine.feed({ kind: 'silent' });
  }

  #listen(socket: HubSocket): void {
    const { clock } = this.#options;
    socket.io.on('packet', () => this.#heard++);
    socket.on('welcome', (welcome) => this.#welcome(welcome));
    socket.on('connect_error', (error) => this.#failed(connectRefusal(error)));
    socket.on('notice', (notice) => this.#notice(notice));
    socket.on('disconnect', (reason) => {
      // What was written to a dying transport would go out before everything that is repeated in order.
      socket.sendBuffer.length = 0;
      if (reason === 'io client disconnect') return;
      this.#failed(localRefusal('unavailable', 'the connection ended before the welcome'));
      this.#machine.feed({ kind: 'lost', nowMs: clock.now() });
    });
    onBrokenUpgrade(socket, () => this.leave('the connection broke before the welcome'));
    this.#unlisten = onNetworkReturn(() => this.#machine.state.phase.at === 'waiting' && this.#wake());
  }

  #welcome(welcome: Welcome): void {
    const { protocol } = welcome;
    if (protocol === PROTOCOL_VERSION) this.#machine.feed({ kind: 'welcome', welcome, nowMs: this.#options.clock.now() });
    else this.#failed(localRefusal('invalid', `the hub speaks protocol ${protocol}, this client ${PROTOCOL_VERSION}`, 'never'));
    this.#cancelTimeout();
  }

  #failed(refusal: Refusal): void {
    this.#cancelTimeout();
    this.#machine.feed({ kind: 'failed', refusal });
  }

  #notice(notice: Notice): void {
    if (notice.kind === 'reconnect') this.#machine.feed({ kind: 'asked-to-reconnect', afterMs: notice.afterMs });
    else if (notice.kind === 'closing') this.#machine.feed({ kind: 'farewell', refusal: refusalOf(notice.error) });
  }

  #wake(): void {
    this.#cancelWait();
    this.#machine.feed({ kind: 'wake' });
  }

  #perform(effect: ConnectionEffect): void {
    const { clock, backoff, socket, onWelcome, onError } = this.#options;
    if (effect.do === 'open') void this.#open();
    else if (effect.do === 'drop') this.#drop(socket);
    else if (effect.do === 'wait') this.#wait(backoffMs(effect.attempts, backoff, clock.random, effect.atLeastMs));
    else if (effect.do === 'wait-spread') this.#wait(effect.afterMs * (1 + clock.random()));
    else if (effect.do === 'announce') this.#announce(effect.state);
    else if (effect.do === 'admitted') onWelcome(effect.welcome);
    else onError(effect.error);
  }

  #drop(socket: HubSocket): void {
    this.#attempt++;
    this.#cancelTimeout();
    socket.disconnect();
  }

  #wait(waitMs: number): void {
    this.#cancelWait();
    this.#cancelWait = this.#options.clock.schedule(waitMs, () => this.#wake());
  }

  #announce(state: HubState): void {
    if (state === 'closed') {
      this.#cancelWait();
      this.#unlisten();
    }
    this.#hubState = state;
    this.#options.onState(state);
  }

  async #open(): Promise<void> {
    const { socket, handshake, clock, connectTimeoutMs } = this.#options;
    const attempt = ++this.#attempt;
    this.#cancelWait();
    this.#cancelTimeout = clock.schedule(connectTimeoutMs, () => {
      socket.disconnect();
      this.#attempt++;
      this.#failed(localRefusal('timeout', `no welcome within ${connectTimeoutMs} ms`));
    });
    try {
      const auth = await handshake();
      if (attempt !== this.#attempt) return;
      socket.auth = { ...auth };
      socket.connect();
    } catch (error) {
      if (attempt === this.#attempt) this.#failed({ error: tokenError(error), retry: 'later' });
    }
  }
}

/** Why an attempt failed: the hub's own word where there is one, else the transport's. */
function connectRefusal(error: Error & { data?: Partial<ConnectErrorData> | null }): Refusal {
  const wire = error.data?.error;
  return wire ? refusalOf(wire) : localRefusal('unavailable', `no connection: ${error.message}`);
}

/** Browsers say when the network is back: no need to wait longer. */
function onNetworkReturn(run: () => void): Off {
  const target = globalThis as {
    addEventListener?: (type: string, run: () => void) => void;
    removeEventListener?: (type: string, run: () => void) => void;
  };
  target.addEventListener?.('online', run);
  return () => target.removeEventListener?.('online', run);
}
