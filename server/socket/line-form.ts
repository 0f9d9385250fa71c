import type { PositionParts } from '../../shared/position.js';
import type { LineBatch } from '../../shared/protocol.js';
import { groupOf } from '../delivery/room-channel.js';
import type { LogEntry } from '../log/room-log.js';
import type { Cursor } from '../rooms/cursor.js';
import type { LineGroupLease } from '../rooms/line-groups.js';
import { LineReader } from '../rooms/line-reader.js';
import { chooserOf } from '../rooms/missed.js';
import { type LogForm, type MemberOptions, MessageForm, tellOfLag } from './room-member.js';

/** The lines of a log room that pass a filter, in batches. */
export class LineForm implements LogForm {
  readonly #reader: LineReader;

  constructor(
    private readonly options: MemberOptions,
    private readonly group: LineGroupLease,
    at: PositionParts,
    private readonly wish: { readonly skip?: boolean | undefined },
  ) {
    const messages = new MessageForm(options);
    this.#reader = new LineReader(
      group.group,
      { lines: (batch) => this.#send(batch), gap: (to) => messages.gap(to), join: () => this.#join() },
      at,
    );
  }

  /** A session keeps no filters. */
  place(): undefined {
    return undefined;
  }

  entries(batch: readonly LogEntry[]): boolean {
    return this.#reader.entries(batch);
  }

  live(): () => void {
    return this.#reader.live();
  }

  stands(): PositionParts {
    return this.#reader.stands();
  }

  gap(at: PositionParts): void {
    this.#reader.gap(at);
  }

  goOn(cursor: Cursor): void {
    const behind = this.#skips ? this.#reader.skip(cursor) : undefined;
    if (behind !== undefined) {
      tellOfLag(this.options, { behind });
      this.options.slow.leftOut('drop-oldest', behind);
    }
    cursor.resume(behind === undefined ? chooserOf('catch-up', 0) : undefined);
  }

  close(): void {
    this.group.release();
  }

  #send(batch: LineBatch): boolean {
    this.options.socket.emit('lines', batch);
    return true;
  }

  #join(): () => void {
    const { socket, lease } = this.options;
    const group = groupOf(lease.channel.parsed.room, this.group.name);
    void socket.join(group);
    return () => void socket.leave(group);
  }

  /** Of the kind's policies, all that leave something out. */
  get #skips(): boolean {
    const { slow } = this.options.lease.channel.parsed.policy;
    return this.wish.skip ?? slow !== 'catch-up';
  }
}
