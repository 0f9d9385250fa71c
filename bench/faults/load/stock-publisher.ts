import type { Ack, PublishAnswer } from '../../../shared/protocol.js';
import type { HubSocket } from '../../load/hub-socket.js';
import type { Publication } from '../history.js';
import type { LoadData } from './places.js';
import { Ledger, type Publisher } from './publisher.js';

const AGAIN_MS = 400;

interface Open {
  readonly publication: Publication;
  readonly request: { room: string; id: string; data: LoadData };
  /** On its way, on the connection of this number. */
  sentOn: number | undefined;
}

/** A stock client that repeats each publication with its id until it is acknowledged, over all connections. */
export function publishWithStockClient(socket: HubSocket, number: number, room: string): Publisher {
  const ledger = new Ledger(number, room);
  const open = new Set<Open>();
  let connection = 0;

  const send = (one: Open) => {
    if (!socket.connected || one.sentOn !== undefined || !open.has(one)) return;
    const sentOn = connection;
    one.sentOn = sentOn;
    socket.emit('publish', one.request, (answer) => one.sentOn === sentOn && answered(one, answer));
  };
  const answered = (one: Open, answer: Ack<PublishAnswer>) => {
    one.sentOn = undefined;
    if (answer.ok) {
      open.delete(one);
      ledger.acked(one.publication, answer);
    } else if (answer.error.retry === 'later') {
      if (answer.error.code === 'timeout') one.publication.doubts++;
      else one.publication.refusals++;
      setTimeout(send, answer.error.retryAfterMs ?? AGAIN_MS, one);
    } else {
      open.delete(one);
      ledger.failed(one.publication, answer.error.code);
    }
  };
  socket.on('connect', () => {
    connection++;
    for (const one of open) send(one);
  });
  socket.on('disconnect', () => {
    for (const one of open) {
      if (one.sentOn === undefined) continue;
      one.sentOn = undefined;
      one.publication.doubts++;
    }
  });
  return {
    room,
    publications: ledger.publications,
    waiting: () => ledger.waiting(),
    publish(pad) {
      const { publication, data, id } = ledger.begin(pad);
      const one: Open = { publication, request: { room, id, data }, sentOn: undefined };
      open.add(one);
      send(one);
      return publication;
    },
  };
}
