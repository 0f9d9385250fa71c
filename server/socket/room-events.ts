import { historySchema, presenceSchema, publishSchema, subscribeSchema, typingSchema, unsubscribeSchema } from '../../shared/schemas.js';
import type { RoomService } from '../rooms/rooms.js';
import { type EventHandlers, handler, REPLIES } from './event-handler.js';

export function addRoomEvents(handlers: EventHandlers, rooms: RoomService): void {
  handlers.set(
    'subscribe',
    handler(subscribeSchema, ({ data, connection }) => connection.subscriptions.subscribe(data)),
  );
  handlers.set(
    'unsubscribe',
    handler(unsubscribeSchema, ({ data, connection }) => connection.subscriptions.unsubscribe(data.room)),
  );
  handlers.set(
    'publish',
    handler(
      publishSchema,
      ({ data, principal, reply }) => {
        rooms.publishFor(principal, data, reply);
        return REPLIES;
      },
      { costs: 'publish', answers: 'json' },
    ),
  );
  handlers.set(
    'history',
    handler(historySchema, ({ data, principal }) => rooms.history(principal, data)),
  );
  handlers.set(
    'presence',
    handler(presenceSchema, ({ data, principal }) => rooms.presence(principal, data)),
  );
  handlers.set(
    'typing',
    handler(typingSchema, ({ data, connection }) => connection.subscriptions.typing(data.room), { ack: 'optional' }),
  );
}
