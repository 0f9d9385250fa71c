import type { TokenClaims } from '../auth/claims.js';
import { mintToken } from '../auth/mint-token.js';
import { ACTIONS } from '../auth/principal.js';
import { ANY_TEXT, list, onOff, optionalText, text } from '../config/option.js';
import { CLIENT_OPTIONS, OPTIONS } from '../config/options.js';
import { ConfigError, readOptions } from '../config/read.js';
import { DURATION, durationMs, ROOM_PATTERN } from '../config/text-forms.js';
import { type Command, EXIT } from './command.js';

const FLAG = { env: false } as const;
const rooms = (action: string) =>
  list<string>([], ROOM_PATTERN, `Rooms that the user may ${action}; none: as the kinds' policies say.`, FLAG);

const options = {
  user: optionalText(ANY_TEXT, "The user's id (`sub`); needed.", FLAG),
  name: optionalText(ANY_TEXT, 'Name to show.', FLAG),
  read: rooms('read'),
  write: rooms('write'),
  ingest: rooms('ingest to'),
  admin: onOff(false, 'Everything in every room, and the admin API.', FLAG),
  expires: text('12h', DURATION, 'How long the token counts.', FLAG),
};

/** `roomcast token`: prints a token signed with tokenSecret, and nothing else. */
export const command: Command = {
  usage: '--user <id> [flags]',
  options,
  run: async (argv, terminal) => {
    const { values, positionals } = readOptions({ ...OPTIONS, ...options }, { env: terminal.env, argv, alsoKnown: CLIENT_OPTIONS });
    if (positionals[0] !== undefined) throw new ConfigError(`token takes flags only, not "${positionals[0]}"`);
    if (values.user === undefined) throw new ConfigError('--user is missing: whose token is it?');
    if (values.tokenSecret === undefined)
      throw new ConfigError('set ROOMCAST_TOKEN_SECRET to the secret of the hub (openssl rand -hex 32 makes one)');
    const granted = ACTIONS.filter((action) => values[action].length > 0);
    const claims: TokenClaims = {
      sub: values.user,
      ...(values.name === undefined ? {} : { name: values.name }),
      ...(values.admin ? { admin: true } : {}),
      ...(granted.length === 0 ? {} : { rooms: Object.fromEntries(granted.map((action) => [action, values[action]])) }),
    };
    const { tokenSecret, tokenIssuer, tokenAudience } = values;
    const expiresInMs = durationMs(values.expires);
    terminal.print(await mintToken(claims, { tokenSecret, tokenIssuer, tokenAudience, expiresInMs }));
    return EXIT.ok;
  },
};
