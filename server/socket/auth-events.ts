import { authRefreshSchema } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import { type EventHandlers, handler } from './event-handler.js';
import type { HubSocket } from './types.js';

export function addAuthEvents(
  handlers: EventHandlers,
  authenticate: (credentials: { token: string }, socket: HubSocket) => Promise<Principal>,
): void {
  handlers.set(
    'auth:refresh',
    handler(authRefreshSchema, async ({ data, connection, socket }) => {
      const principal = await authenticate(data, socket);
      await connection.refresh(principal);
      return { expiresAt: principal.expiresAt };
    }),
  );
}
