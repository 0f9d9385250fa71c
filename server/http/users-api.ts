import type { Router } from 'express';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { Gate } from './gate.js';
import { route } from './route.js';

export interface UsersApiOptions {
  gate: Gate;
  /** Ends all connections of a user on all instances. */
  disconnectUser(userId: string): Promise<void>;
}

/** What admins may do to users. */
export function addUserRoutes(router: Router, { gate, disconnectUser }: UsersApiOptions): void {
  route(router, '/api/users/:id/disconnect', {
    post: async (req, res) => {
      const principal = await gate(req);
      if (!principal.admin) throw new HubError('forbidden', 'only an admin may disconnect users');
      const { id } = req.params;
      if (id.length > BOUNDS.userIdChars) throw new HubError('invalid', `a user id has at most ${BOUNDS.userIdChars} characters`);
      await disconnectUser(id);
      res.status(204).end();
    },
  });
}
