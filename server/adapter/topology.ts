/** One Redis process: a name or an address, IPv6 without its brackets. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

/** Where a hub's Redis is: one server, the master that Sentinels name, or a Cluster. */
export type RedisTopology =
  | { readonly form: 'single'; readonly url: string }
  | {
      readonly form: 'sentinel';
      readonly sentinels: readonly RedisHost[];
      /** The name under which the Sentinels watch it. */
      readonly master: string;
      readonly tls: boolean;
      readonly login: RedisLogin;
      readonly sentinelLogin: RedisLogin;
      readonly database: number;
    }
  | { readonly form: 'cluster'; readonly nodes: readonly RedisHost[]; readonly tls: boolean; readonly login: RedisLogin };

/** What `createClient` of node-redis takes to reach one server. */
export type RedisTarget =
  | { readonly url: string }
  | (RedisLogin & {
      readonly socket: RedisHost & { readonly tls?: true };
      readonly database?: number;
    });

export const TOPOLOGY_FORMS =
  'redis://[user:password@]host:port[/db], redis+sentinel://host:port,…/master[/db] or redis+cluster://host:port,… (with TLS rediss…)';

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;
const SEVERAL =
  /^redis(?<tls>s)?\+(?<form>sentinel|cluster):\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;

/** Undefined: it is none of the three forms. */
export function parseTopology(text: string): RedisTopology | undefined {
  const found = SEVERAL.exec(text)?.groups;
  if (!found) return parseSingle(text);
  const login = parseLogin(found.login);
  const hosts = parseHosts(found.hosts!, found.form === 'sentinel' ? SENTINEL_PORT : REDIS_PORT);
  if (!hosts || !login) return undefined;
  const tls = found.tls !== undefined;
  if (found.form === 'sentinel') return parseSentinel({ hosts, login, tls, path: found.path, query: found.query });
  // A Cluster has one database, and its nodes tell the rest.
  return (found.path ?? '/') === '/' && found.query === undefined ? { form: 'cluster', nodes: hosts, tls, login } : undefined;
}

/** For log lines: without passwords. */
export function describeTopology(topology: RedisTopology): string {
  if (topology.form === 'sentinel') return `${topology.master} of the Sentinels ${topology.sentinels.map(hostName).join(', ')}`;
  if (topology.form === 'cluster') return `the Cluster of ${topology.nodes.map(hostName).join(', ')}`;
  const url = new URL(topology.url);
  url.username = '';
  url.password = '';
  return url.href;
}

/** `host:port`, as Redis writes it. */
export const hostName = ({ host, port }: RedisHost): string => `${host}:${port}`;

export function targetAt({ host, port }: RedisHost, { login, tls }: { login: RedisLogin; tls: boolean }, database = 0): RedisTarget {
  return { ...login, socket: { host, port, ...(tls && { tls: true as const }) }, ...(database > 0 && { database }) };
}

function parseSingle(url: string): RedisTopology | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const fits = parsed && ['redis:', 'rediss:'].includes(parsed.protocol) && parsed.hostname !== '' && /^(\/\d*)?$/.test(parsed.pathname);
  return fits ? { form: 'single', url } : undefined;
}

interface SentinelParts {
  readonly hosts: readonly RedisHost[];
  readonly login: RedisLogin;
  readonly tls: boolean;
  readonly path: string | undefined;
  readonly query: string | undefined;
}

function parseSentinel({ hosts, login, tls, path, query }: SentinelParts): RedisTopology | undefined {
  const [, master, database] = /^\/([\w.-]+)(?:\/(\d{1,4}))?$/.exec(path ?? '') ?? [];
  const given = new URLSearchParams(query);
  const known = [...given.keys()].every((name) => name === 'sentinelUser' || name === 'sentinelPassword');
  if (master === undefined || !known) return undefined;
  const sentinelLogin = loginOf(given.get('sentinelUser') ?? '', given.get('sentinelPassword') ?? '');
  return { form: 'sentinel', sentinels: hosts, master, tls, login, sentinelLogin, database: Number(database ?? 0) };
}

function parseHosts(text: string, defaultPort: number): RedisHost[] | undefined {
  const hosts = text.split(',').map((item) => {
    const [, v6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(item) ?? [];
    return { host: v6 ?? name ?? '', port: Number(port ?? defaultPort) };
  });
  return hosts.every(({ host, port }) => host !== '' && port > 0 && port < 65_536) ? hosts : undefined;
}

/** `user:password`, `:password` or nothing, percent-encoded as in every URL. */
function parseLogin(text = ''): RedisLogin | undefined {
  const colon = text.indexOf(':');
  const parts = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  try {
    const [username, password] = parts.map(decodeURIComponent);
    return loginOf(username!, password!);
  } catch {
    return undefined;
  }
}

function loginOf(username: string, password: string): RedisLogin {
  return { ...(username && { username }), ...(password && { password }) };
}
