import type { Position } from '../../../shared/position.js';
import type { Message } from '../../../shared/protocol.js';
import type { RoomName } from '../../../shared/rooms.js';
import { randomId } from '../../sdk/random-id.js';
import { type Hub, isMessageOf } from '../../sdk/roomcast.js';
import { clockSeconds } from '../lib/format.js';

/** A message that carries an image, as it is chosen. */
export interface RoomImage {
  readonly position: Position;
  readonly label: string;
}

/** Messages that are looked through: with their images, what a page takes at once. */
const LOOKED_AT = 50;

/** The images among a room's newest messages, the newest first. Rejects with HubError. */
export async function roomImages(hub: Hub, room: string): Promise<RoomImage[]> {
  const { messages } = await hub.request('history', { room, limit: LOOKED_AT });
  const deleted = new Set(messages.flatMap((message) => (isMessageOf(message, 'delete') ? [message.data.target] : [])));
  return messages
    .filter((message) => hasImage(message) && !deleted.has(message.position))
    .map(imageOf)
    .reverse();
}

/** Posts an image into the room as a message. Rejects with HubError: `too_large` where the hub takes no messages of that size. */
export async function postImage(hub: Hub, room: string, file: Pick<File, 'name' | 'type' | 'arrayBuffer'>): Promise<Position> {
  const data = { text: file.name, image: { contentType: file.type, bytes: await file.arrayBuffer() } };
  return (await hub.request('publish', { room: room as RoomName, id: randomId(), data })).position;
}

function hasImage({ data }: Message): boolean {
  const image = (data as { image?: { contentType?: unknown } } | null)?.image;
  return typeof image?.contentType === 'string';
}

function imageOf({ position, from, time, data }: Message): RoomImage {
  const { text } = data as { text?: unknown };
  return { position, label: [...(typeof text === 'string' ? [text] : []), from.name, clockSeconds(time)].join(', ') };
}
