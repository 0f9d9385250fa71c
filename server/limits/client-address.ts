import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

export interface AddressSource {
  readonly headers: IncomingHttpHeaders;
  /** The other end of the connection. */
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * Whom limits count: the client's address, an IPv6 one by its /64, since that is what one household gets.
 * `trustProxy` proxies in front are believed about whom they speak for: each appends the address it saw to X-Forwarded-For, so
 * counting starts at the right end, and what a client wrote there itself is passed over.
 */
export function clientAddress(source: AddressSource, trustProxy: number): string {
  const { remoteAddress = '' } = source.socket;
  if (trustProxy === 0) return addressGroup(remoteAddress);
  const told = String(source.headers['x-forwarded-for'] ?? '').split(',');
  const hops = [...told.map((hop) => hop.trim()).filter(isAddress), remoteAddress];
  return addressGroup(hops[Math.max(0, hops.length - 1 - trustProxy)] ?? '');
}

const isAddress = (text: string) => isIP(text) !== 0;

/** An IPv4 address as it is, also when it is written as IPv6; the /64 of an IPv6 address; `unknown` for anything else. */
export function addressGroup(address: string): string {
  const family = isIP(address);
  if (family === 4) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (family !== 6) return 'unknown';
  // The URL parser writes the address in its one canonical form.
  const [head = '', tail] = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
