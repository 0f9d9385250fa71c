import { KINDS, parseRoom, ROOM_NAME_CHARS } from '../../shared/rooms.js';
import { matchesGlob } from '../../shared/series-pattern.js';

/** A label, tag or resource attribute of what a sender sent; `__name__` is the metric or measurement. Undefined where it has none of that name: no rule for it fits then. */
export type LabelOf = (key: string) => string | undefined;

/** What goes into a room: metric rooms take samples, log rooms lines. */
export type RoomTakes = 'samples' | 'lines';

/** What a sender sends goes into `room` where its label `key` is of `pattern`. */
export interface RoomRule {
  readonly key: string;
  /** A text, `*` in it standing for any part. */
  readonly pattern: string;
  /** A room's name, `{label}` in it standing for the label's value. */
  readonly room: string;
  readonly takes: RoomTakes;
}

const RULE = /^([^\s,={}>]{1,128})=([^\s,]{1,128})->([a-z]+:[^\s,]{1,160})$/;
const PLACE = /\{([^{}]+)\}/g;
const TAKES: Readonly<Record<string, RoomTakes>> = { metrics: 'samples', logs: 'lines' };

/** The rule that a text such as `job=node*->metrics:hosts` or `instance=*->metrics:{instance}` is; undefined when it is none. */
export function parseRoomRule(text: string): RoomRule | undefined {
  const [, key, pattern, room] = RULE.exec(text) ?? [];
  const takes = TAKES[room?.split(':', 1)[0] ?? ''];
  if (key === undefined || pattern === undefined || room === undefined || takes === undefined) return undefined;
  try {
    parseRoom(room.replace(PLACE, 'x'), KINDS);
  } catch {
    return undefined;
  }
  return { key, pattern, room, takes };
}

/** What no room's name may hold, see `parseRoom`. */
const NO_NAME = /\p{Default_Ignorable_Code_Point}|[^\p{L}\p{N}._~@/+:=-]/gu;
const asName = (text: string): string => text.normalize('NFC').replace(NO_NAME, '-');
const cut = (name: string): string => [...name].slice(0, ROOM_NAME_CHARS).join('');

const fits = (pattern: string, label: string | undefined): boolean => Boolean(label) && matchesGlob(pattern, label ?? '');
const KIND_OF: Readonly<Record<RoomTakes, string>> = { samples: 'metrics', lines: 'logs' };

/** Which sender's series and lines go to which room: the first rule that fits, else the sender's default. */
export class SenderRooms {
  readonly #rules: Readonly<Record<RoomTakes, readonly RoomRule[]>>;

  constructor(rules: readonly RoomRule[] = []) {
    const of = (takes: RoomTakes) => rules.filter((rule) => rule.takes === takes);
    this.#rules = { samples: of('samples'), lines: of('lines') };
  }

  /** The room that a rule gives; undefined where none fits. */
  byRule(takes: RoomTakes, labelOf: LabelOf): string | undefined {
    const rule = this.#rules[takes].find(({ key, pattern }) => fits(pattern, labelOf(key)));
    if (!rule) return undefined;
    const name = rule.room.slice(rule.room.indexOf(':') + 1).replace(PLACE, (_, key: string) => asName(labelOf(key) || 'unknown'));
    return `${KIND_OF[takes]}:${cut(name)}`;
  }

  /**
   * The room for what has these labels. In a room's name that comes from a label, characters that a name cannot have become `-`.
   * @param byDefault the name of the room where no rule fits: the sender's job, service, bucket or host; `unknown` without one
   */
  roomOf(takes: RoomTakes, labelOf: LabelOf, byDefault: string | undefined): string {
    return this.byRule(takes, labelOf) ?? `${KIND_OF[takes]}:${cut(asName(byDefault || 'unknown'))}`;
  }
}
