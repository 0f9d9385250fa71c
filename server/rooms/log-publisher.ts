import { formatPosition } from '../../shared/position.js';
import type { PublishAnswer, User } from '../../shared/protocol.js';
import { type Kinds, type ParsedRoom, parseRoom, type RoomKind, type RoomName } from '../../shared/rooms.js';
import { SYSTEM } from '../auth/principal.js';
import type { Appended, AppendWaiter, NewMessage, Retention, RoomLog } from '../log/room-log.js';
import type { PublishReply, SystemPublisher } from './publisher.js';

export interface LogPublisherOptions {
  readonly log: Pick<RoomLog, 'append' | 'appendFor'>;
  readonly kinds: Kinds;
  randomId(): string;
  onPublish(kind: string, repeated: boolean, seconds: number, room: RoomName): void;
  /** The first message of a room was appended; its publisher is answered after this. */
  onNewRoom?(kind: string): Promise<void>;
}

/** One that waits for the log. Of its message it keeps the id. */
class Publication implements AppendWaiter {
  readonly #startedAt = performance.now();
  readonly #room: RoomName;
  readonly #id: string;

  constructor(
    private readonly options: LogPublisherOptions,
    private readonly kind: string,
    { room, id }: NewMessage,
    private readonly reply: PublishReply,
  ) {
    this.#room = room;
    this.#id = id;
  }

  appended({ entry: { epoch, seq, time }, repeated }: Appended): void {
    const { options, kind, reply } = this;
    options.onPublish(kind, repeated, (performance.now() - this.#startedAt) / 1_000, this.#room);
    const answer: PublishAnswer = { id: this.#id, position: formatPosition(epoch, seq), time };
    const told = seq === 1 && !repeated ? options.onNewRoom?.(kind) : undefined;
    if (repeated) reply.accept({ ...answer, repeated });
    else if (!told) reply.accept(answer);
    else
      told.then(
        () => reply.accept(answer),
        (error) => reply.fail(error),
      );
  }

  refused(error: unknown): void {
    this.reply.fail(error);
  }
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

  append(parsed: ParsedRoom, message: NewMessage): Promise<PublishAnswer> {
    return new Promise((resolve, reject) => {
      this.appendFor(parsed, message, { accept: resolve, fail: reject });
    });
  }

  /** As `append`, without a promise where the log needs none. @throws HubError what the log refuses at once */
  appendFor({ kind, policy }: ParsedRoom, message: NewMessage, reply: PublishReply): void {
    const { log } = this.options;
    const publication = new Publication(this.options, kind, message, reply);
    const retention = this.#retentionOf(policy);
    if (log.appendFor) log.appendFor(message, retention, publication);
    // Not awaited: what waits for the log then does not keep the whole message.
    else
      log.append(message, retention).then(
        (appended) => publication.appended(appended),
        (error) => publication.refused(error),
      );
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
