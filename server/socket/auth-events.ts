import { authRefreshSchema } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import { type EventHandlers, handler } from './event-handler.js';

export function addAuthEvents(handlers: EventHandlers, authenticate: (credentials: { token: string }) => Promise<Principal>): void {
  handlers.set(
    'auth:refresh',
    handler(authRefreshSchema, async ({ data, connection }) => {
      const principal = await authenticate(data);
      await connection.refresh(principal);
      return { expiresAt: principal.expiresAt };
    }),
  );
}
