import type { HistoryAnswer, Message } from '../../../shared/protocol.js';
import type { LogRead } from '../history.js';
import { type LoadData, placeIn } from './places.js';

const PAGE = 500;

/** The whole log of a room's epoch, over HTTP. @throws Error when the hub refuses */
export async function readLog(url: string, room: string, epoch: string): Promise<LogRead[]> {
  const entries: LogRead[] = [];
  for (let after = `${epoch}:0`, more = true; more; ) {
    const response = await fetch(`${url}/api/rooms/${encodeURIComponent(room)}/messages?after=${after}&limit=${PAGE}`);
    if (!response.ok) throw new Error(`reading the log of ${room}: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as HistoryAnswer;
    for (const { position, data } of page.messages as Message<LoadData>[])
      entries.push({ room, place: placeIn(position), value: data.value });
    after = page.messages.at(-1)?.position ?? after;
    more = page.more;
  }
  return entries;
}
