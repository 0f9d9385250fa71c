import type { PublishAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';

/** Who asked for a publication: told once how it went. */
export interface PublishReply {
  accept(answer: PublishAnswer): void;
  fail(error: unknown): void;
}

/** Publishing from inside the hub: as the system, past the limits and access checks that clients meet. */
export interface SystemPublisher {
  /**
   * @param options.id defaults to a random one; give one to make a repetition harmless
   * @param options.after id of a message that must be in the room before
   * @throws HubError as RoomLog.append
   */
  publish(
    room: RoomName,
    type: string,
    data: unknown,
    options?: { id?: string; after?: string | undefined; from?: { id: string; name: string } },
  ): Promise<PublishAnswer>;
}
