import type { Room } from '../../../client/sdk/api.js';
import { connect, type Hub, type RoomName } from '../../../client/sdk/roomcast.js';
import { HubError } from '../../../shared/errors.js';
import { CONNECT_MS, RECONNECTION } from './lasting-socket.js';
import { type LoadData, placeIn } from './places.js';
import { Ledger, type Publisher } from './publisher.js';
import { Reader } from './reader.js';

/** The client SDK in a room, as reader and as publisher: recovery, holes and repetitions are its own business. */
export function openSdkClient(url: string, name: string, number: number, room: string): { hub: Hub; reader: Reader; publisher: Publisher } {
  const hub = connect(url, {
    outbox: 'memory',
    publishesPerSecond: 0,
    connectTimeoutMs: CONNECT_MS,
    io: { transports: ['websocket'], ...RECONNECTION },
  });
  const subscription = hub.room<LoadData>(room as RoomName, { last: 500 });
  return { hub, reader: readWithSdk(subscription, name), publisher: publishWithSdk(subscription, number) };
}

function readWithSdk(room: Room<LoadData>, name: string): Reader {
  const reader = new Reader(name, room.name);
  // The gap that comes right after such an answer is the one that it told of.
  let told = false;
  room.on('subscribed', (answer) => {
    told = reader.events.length > 0 && !answer.recovered;
    reader.answered(answer);
  });
  room.on('gap', ({ position }) => {
    if (!told) reader.told(placeIn(position));
    told = false;
  });
  room.on('message', (message) => reader.read(message));
  return reader;
}

function publishWithSdk(room: Room<LoadData>, number: number): Publisher {
  const ledger = new Ledger(number, room.name);
  return {
    room: room.name,
    publications: ledger.publications,
    waiting: () => ledger.waiting(),
    publish(pad) {
      const { publication, data, id } = ledger.begin(pad);
      // The outbox repeats it without telling how often and why.
      publication.doubts = 1;
      room.publish(data, { id }).done.then(
        (answer) => ledger.acked(publication, answer),
        (error) => ledger.failed(publication, error instanceof HubError ? error.code : String(error)),
      );
      return publication;
    },
  };
}
