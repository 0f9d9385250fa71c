import type { HistoryAnswer, Message } from '../../../shared/protocol.js';
import type { LogRead } from '../history.js';
import { getJson } from './get-json.js';
import { type LoadData, placeIn } from './places.js';

const PAGE = 500;

/** The whole log of a room's epoch, over HTTP. @throws Error when the hub refuses */
export async function readLog(url: string, room: string, epoch: string): Promise<LogRead[]> {
  const entries: LogRead[] = [];
  for (let after = `${epoch}:0`, more = true; more; ) {
    const page = await getJson<HistoryAnswer>(`${url}/api/rooms/${encodeURIComponent(room)}/messages?after=${after}&limit=${PAGE}`);
    for (const { position, data } of page.messages as Message<LoadData>[])
      entries.push({ room, place: placeIn(position), value: data.value });
    after = page.messages.at(-1)?.position ?? after;
    more = page.more;
  }
  return entries;
}
