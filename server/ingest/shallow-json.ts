import { HubError } from '../../shared/errors.js';
import { parseJson } from './json-samples.js';

/** More than anything that a room may be given has; each of a value of OTLP takes four. */
const LEVELS = 128;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses JSON of bounded depth. The depth is looked at before anything is parsed: V8 takes seconds for a few megabytes of brackets.
 * @throws HubError `too_deep`, `invalid`
 */
export function parseShallowJson(body: Buffer, maxLevels = LEVELS): unknown {
  if (isDeeper(body, maxLevels)) throw new HubError('too_deep', `the body is nested deeper than ${maxLevels} levels`);
  return parseJson(body.toString('utf8'));
}

function isDeeper(body: Buffer, maxLevels: number): boolean {
  let level = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfText(body, at);
    else if (byte === 0x5b || byte === 0x7b) {
      if (++level > maxLevels) return true;
    } else if (byte === 0x5d || byte === 0x7d) level--;
  }
  return false;
}

/** Where the text that begins at a quote ends. */
function endOfText(body: Buffer, start: number): number {
  for (let end = body.indexOf(QUOTE, start + 1); end >= 0; end = body.indexOf(QUOTE, end + 1)) {
    let escapes = 0;
    while (body[end - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return body.length;
}
