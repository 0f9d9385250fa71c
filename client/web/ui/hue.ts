/** Colours that users are told apart by: classes `hue-0` and following. */
const HUES = 10;

/** A user's colour: the same in every browser. FNV-1a over the id. */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}
