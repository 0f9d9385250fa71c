import { formatPosition } from '../../shared/position.js';
import type { PublishAnswer, User } from '../../shared/protocol.js';
import { type Kinds, type ParsedRoom, parseRoom, type RoomKind, type RoomName } from '../../shared/rooms.js';
import { SYSTEM } from '../auth/principal.js';
import type { NewMessage, Retention, RoomLog } from '../log/room-log.js';
import type { SystemPublisher } from './publisher.js';

export interface LogPublisherOptions {
  readonly log: Pick<RoomLog, 'append'>;
  readonly kinds: Kinds;
  randomId(): string;
  onPublish(kind: string, repeated: boolean, seconds: number, room: RoomName): void;
  /** The first message of a room was appended; its publisher is answered after this. */
  onNewRoom?(kind: string): Promise<void>;
}

/** Appends to the log under each kind's retention. Whoever followed the room hears it from there. */
export class LogPublisher implements SystemPublisher {
  readonly #retentions = new Map<RoomKind, Retention>();

  constructor(private readonly options: LogPublisherOptions) {}

  async publish(
    room: RoomName,
    type: string,
    data: unknown,
    { id = this.options.randomId(), after, from = SYSTEM.user }: { id?: string; after?: string | undefined; from?: User } = {},
  ): Promise<PublishAnswer> {
    return this.append(parseRoom(room, this.options.kinds), { room, id, after, type, data, from });
  }

  append({ kind, policy }: ParsedRoom, message: NewMessage): Promise<PublishAnswer> {
    const startedAt = performance.now();
    const { room, id } = message;
    // Not awaited: what waits for the log then keeps the id alone, not the whole message.
    return this.options.log.append(message, this.#retentionOf(policy)).then(({ entry, repeated }) => {
      this.options.onPublish(kind, repeated, (performance.now() - startedAt) / 1_000, room);
      const answer: PublishAnswer = { id, position: formatPosition(entry.epoch, entry.seq), time: entry.time };
      if (repeated) return { ...answer, repeated };
      const told = entry.seq === 1 ? this.options.onNewRoom?.(kind) : undefined;
      return told ? told.then(() => answer) : answer;
    });
  }

  /** One for each kind, which all that waits for the log has. */
  #retentionOf(policy: RoomKind): Retention {
    const known = this.#retentions.get(policy);
    if (known) return known;
    const retention = { messages: policy.historyMessages, ttlMs: policy.historyTtlMs };
    this.#retentions.set(policy, retention);
    return retention;
  }
}
