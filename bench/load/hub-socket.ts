import { io, type Socket } from 'socket.io-client';
import type { Ack, ClientToServerEvents, ServerToClientEvents } from '../../shared/protocol.js';

/** A stock client on a hub's events. */
export type HubSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** Answers may be late where the server is kept busy on purpose; later than this, it hangs. */
const ANSWER_MS = 30_000;

/** @throws Error when the hub refuses the connection */
export async function openHubSocket(url: string): Promise<HubSocket> {
  const socket: HubSocket = io(url, { forceNew: true, transports: ['websocket'], reconnection: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

type Event = Exclude<keyof ClientToServerEvents, 'typing'>;
type AnswerTo<Name extends Event> = ClientToServerEvents[Name] extends (request: never, ack: (answer: Ack<infer Answer>) => void) => void
  ? Answer
  : never;

/** @throws Error with the code when the hub refuses, or when it does not answer */
export async function ask<Name extends Event>(
  socket: HubSocket,
  event: Name,
  request: Parameters<ClientToServerEvents[Name]>[0],
): Promise<AnswerTo<Name>> {
  // The overloads of all events at once cannot be followed through the generic.
  const answer: Ack<object> = await (socket.timeout(ANSWER_MS) as unknown as Asking).emitWithAck(event, request);
  if (!answer.ok) throw new Error(`${event}: ${answer.error.code}: ${answer.error.message}`);
  return answer as AnswerTo<Name>;
}
interface Asking {
  emitWithAck(event: string, request: unknown): Promise<Ack<object>>;
}
