import { HubError } from '../../shared/errors.js';

/** Bytes of JSON: a result stands in the job's state, which goes over the wire with each look at the job. */
const RESULT_MAX_BYTES = 256 * 1024;

/**
 * What a handler gave, as it arrives over the wire. Called where the handler ran: a result that is too large does not leave its thread.
 * @throws HubError `too_large`
 */
export function toResult(given: unknown): unknown {
  const text = JSON.stringify(given) as string | undefined;
  if (text === undefined) return undefined;
  if (Buffer.byteLength(text) > RESULT_MAX_BYTES) {
    throw new HubError('too_large', `a job's result has at most ${RESULT_MAX_BYTES} bytes; larger ones belong into a result file`);
  }
  return JSON.parse(text);
}
