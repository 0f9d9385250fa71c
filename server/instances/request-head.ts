import type { IncomingMessage } from 'node:http';

/** A request as the bytes that it came in, with the headers of `set` in place of its own, and `rest`, which was read behind it. */
export function requestHead(
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  rest: Buffer,
  set: Readonly<Record<string, string>> = {},
): Buffer {
  const own = rawHeaders.filter((_, at) => !(rawHeaders[at - (at % 2)]!.toLowerCase() in set));
  const fields = [...own, ...Object.entries(set).flat()];
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < fields.length; at += 2) lines.push(`${fields[at]}: ${fields[at + 1]}`);
  // Node reads header bytes as Latin-1.
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), rest]);
}
