import { createHub } from '../../server/roomcast.js';
import type { HubOptions } from './calls.js';
import { serve } from './serve.js';

/** The hub as it is shipped, on a server that is there: its log, policy and acknowledgements on, its rate limits off. */
serve<HubOptions>(async (server, options, place) => {
  await createHub({ server, limits: false, logLevel: 'warn', ...place, ...options });
});
