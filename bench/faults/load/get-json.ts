import { keepTrying } from '../../../server/jobs/keep-trying.js';
import { HubError, type WireError } from '../../../shared/errors.js';

/** What a hub answers to a GET, asked again for as long as its refusal may pass. @throws HubError when it stays */
export function getJson<Answer>(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return keepTrying(async () => {
    const response = await fetch(url, { headers });
    const body = await response.json();
    if (response.ok) return body as Answer;
    const { code, message } = (body as { error: WireError }).error;
    throw new HubError(code, `${url}: ${message}`);
  });
}
