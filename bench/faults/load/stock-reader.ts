import type { Message } from '../../../shared/protocol.js';
import type { HubSocket } from '../../load/hub-socket.js';
import { type LoadData, placeIn } from './places.js';
import { Reader } from './reader.js';

/** Messages for a return that could not be recovered: a page. */
const LAST = 500;
const AGAIN_MS = 500;

/** A stock client that reads a room as the protocol says, and nothing more: it subscribes with the last position it saw. */
export function readWithStockClient(socket: HubSocket, name: string, room: string): Reader {
  const reader = new Reader(name, room);
  let since: string | undefined;
  let connection = 0;
  let live = false;

  const take = (message: Message) => {
    reader.read(message as Message<LoadData>);
    since = message.position;
  };
  const subscribe = () => {
    const asked = connection;
    socket.emit('subscribe', { room, ...(since !== undefined && { since, last: LAST }) }, (answer) => {
      if (asked !== connection) return;
      if (!answer.ok) {
        setTimeout(() => asked === connection && subscribe(), answer.error.retryAfterMs ?? AGAIN_MS);
        return;
      }
      live = true;
      for (const message of reader.answered(answer)) take(message);
      since = answer.position;
    });
  };

  socket.on('connect', () => {
    connection++;
    subscribe();
  });
  socket.on('disconnect', () => {
    connection++;
    live = false;
  });
  // What comes before the answer belongs to an earlier subscription.
  socket.on('message', (message) => live && message.room === room && take(message));
  socket.on('notice', (notice) => {
    if (!live || notice.kind !== 'gap' || notice.room !== room) return;
    reader.told(placeIn(notice.position));
    since = notice.position;
  });
  return reader;
}
