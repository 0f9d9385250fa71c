import type { Message } from '../../shared/protocol.js';
import type { LogLine } from '../../shared/schemas.js';
import { get } from './http.js';

/** Every line of a log room, oldest first. */
export async function roomLines(url: string, room: string, headers: Record<string, string> = {}): Promise<LogLine[]> {
  const pages: LogLine[][] = [];
  for (let before = ''; ; ) {
    const { body } = await get(`${url}/api/rooms/${encodeURIComponent(room)}/messages?limit=500${before}`, headers);
    const messages: Message[] = body.messages;
    pages.unshift(messages.flatMap(({ data }) => (data as { lines: LogLine[] }).lines));
    if (!body.more) return pages.flat();
    before = `&before=${messages[0]!.position}`;
  }
}
