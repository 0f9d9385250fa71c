import { expect } from '@jest/globals';
import type { Message } from '../../shared/protocol.js';
import type { Scope } from './scope.js';
import { type ClientOptions, connectClient, countFrom, type StockClient, seqs } from './stock-client.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait.js';

/** One that asks for recovery, through a proxy that a test leads to whatever instance it likes. */
export interface Traveller {
  readonly client: StockClient;
  readonly proxy: TcpProxy;
  /** Cuts the connection, waits until the client knows, and lets it come back to that instance. */
  move(hub: { url: string }, meanwhile?: () => Promise<unknown>): Promise<void>;
  /** Waits until the client is connected again. */
  back(): Promise<void>;
}

const portOf = ({ url }: { url: string }) => Number(new URL(url).port);
export const newKey = () => crypto.randomUUID().replaceAll('-', '');

export async function travel(scope: Scope, hub: { url: string }, options: ClientOptions = {}): Promise<Traveller> {
  const target = { port: portOf(hub) };
  const proxy = await startTcpProxy(scope, target);
  const auth = { recovery: true, guestKey: newKey() };
  const client = await connectClient(scope, `http://127.0.0.1:${proxy.port}`, { auth, ...options });
  const back = async () => {
    await waitFor(() => client.socket.connected, { what: 'the client to be back' });
  };
  return {
    client,
    proxy,
    back,
    async move(to, meanwhile) {
      proxy.cut();
      await waitFor(() => !client.socket.connected, { what: 'the cut to be known' });
      await meanwhile?.();
      target.port = portOf(to);
      proxy.heal();
      await back();
    },
  };
}

/** Publishes into the rooms in turn until told to stop; gives how many each room got. */
export function publishOn(sender: StockClient, rooms: readonly string[]) {
  let going = true;
  const counts = rooms.map(async (room) => {
    let count = 0;
    for (; going; count++) await sender.publish(room, { count });
    return count;
  });
  return {
    stop: () => {
      going = false;
      return Promise.all(counts);
    },
  };
}

/** The client has all of each room, in order, once, and each message had an offset that tells of it. */
export async function expectExact(client: StockClient, sender: StockClient, rooms: readonly string[], counts: readonly number[]) {
  for (const [index, room] of rooms.entries()) {
    const { id } = await sender.publish(room, 'barrier');
    await client.hears(id);
    expect(seqs(client.of(room))).toEqual(countFrom(1, counts[index]! + 1));
  }
  // A connection could have been lost after any of them.
  for (const { event, args } of client.heard) {
    if (event !== 'message') continue;
    const [{ room, position }, offset] = args as [Message, string];
    expect(offset.split(' ')).toContainEqual(expect.stringMatching(new RegExp(`^[0-9]+@${position}@${room}$`)));
  }
}

export const roomNames = (...names: string[]) => names.map((name) => `chat:${name}-${newKey()}`);
