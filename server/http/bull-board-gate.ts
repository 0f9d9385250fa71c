import type { RequestHandler } from 'express';
import { HubError } from '../../shared/errors.js';
import type { Gate } from './gate.js';
import { pageHeaders } from './security.js';

export const BULL_BOARD_PATH = '/admin/queues';

/**
 * What stands before bull-board: only admins, and only to look. A browser is asked for a name and a password, and sends an admin's token
 * as the password from then on; a page elsewhere could make it send that as well, so nothing may be changed this way.
 */
export function bullBoardGate(gate: Gate): RequestHandler[] {
  return [adminsOnly(gate), onlyReading, BOARD_HEADERS];
}

/** Its page has styles inside and names its own place; its fonts from elsewhere are left out. */
const BOARD_HEADERS = pageHeaders({ styleSrc: ["'self'", "'unsafe-inline'"], baseUri: ["'self'"] });

function adminsOnly(gate: Gate): RequestHandler {
  return async (req, res, next) => {
    res.set({ 'WWW-Authenticate': 'Basic realm="Roomcast admins", charset="UTF-8"', 'Cache-Control': 'no-store' });
    const { admin, guest } = await gate(req);
    if (guest) throw new HubError('unauthorized', "an admin's token is asked for");
    if (!admin) throw new HubError('forbidden', 'only an admin may look at the queues');
    res.removeHeader('WWW-Authenticate');
    next();
  };
}

const onlyReading: RequestHandler = (req, _res, next) => {
  if (req.method !== 'GET' && req.method !== 'HEAD') throw new HubError('forbidden', 'the queues can only be looked at');
  next();
};
