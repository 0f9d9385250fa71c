import type { Frame, SubscribeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { newestFrame, type ViewLease, type ViewWish } from './room-view.js';

/** A reader of a room's frames that is no socket. While it is full it hears none; then the newest value of each series, and what follows. */
export class FrameReader {
  #leave: (() => void) | undefined;
  #closed = false;
  readonly #givePlaceBack: () => void;
  /** Frames of the turn in which it began: they belong behind what the caller says of the beginning. */
  #early: Frame[] | undefined;

  /**
   * @param holder see `RoomView.admit`
   * @param give false: full, until `resume`
   * @throws HubError as `RoomView.admit`
   */
  constructor(
    private readonly room: RoomName,
    private readonly lease: ViewLease,
    private readonly wish: ViewWish,
    holder: string,
    private readonly give: (frame: Frame) => boolean,
  ) {
    this.#givePlaceBack = lease.view.admit(wish, holder);
  }

  begin(): Pick<SubscribeAnswer, 'metrics'> {
    this.#early = [];
    setImmediate(() => this.#giveEarly());
    return this.#enter();
  }

  resume(): void {
    if (this.#closed || this.#leave) return;
    const { metrics } = this.#enter();
    if (metrics && !this.give(newestFrame(this.room, metrics))) this.#withdraw();
  }

  close(): void {
    this.#closed = true;
    this.#withdraw();
    this.#givePlaceBack();
    this.lease.release();
  }

  #enter(): Pick<SubscribeAnswer, 'metrics'> {
    const { view } = this.lease;
    const { group, answer } = view.attach(this.wish);
    const unhear = this.lease.hear(group, (frame) => {
      if (this.#early) this.#early.push(frame);
      else if (!this.give(frame)) this.#withdraw();
    });
    this.#leave = () => {
      unhear();
      view.detach(group);
    };
    return answer;
  }

  #giveEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    if (this.#leave && !early.every((frame) => this.give(frame))) this.#withdraw();
  }

  #withdraw(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}
