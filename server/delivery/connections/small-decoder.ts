/** What Socket.IO's client uses of a decoder; `reconstructor` is there while a packet waits for its binary parts. */
export interface Decoder {
  add(data: unknown): void;
  on(event: 'decoded', listener: Decoded): unknown;
  removeListener(event: 'decoded', listener: Decoded): unknown;
  destroy(): void;
  readonly reconstructor?: object | null;
}
type Decoded = (packet: { readonly nsp: string }) => void;

/** Takes a packet before the client's listener hears of it, or leaves it. */
export type TakeDecoded = (client: object, packet: { readonly nsp: string }) => boolean;

/** Decoders of Socket.IO's own parser that are between two packets. */
export class DecoderPool {
  readonly #create: () => Decoder;
  #free: Lent | undefined;

  /** `take` is asked first for each packet of a client that is known. */
  constructor(
    create: () => Decoder,
    readonly take: TakeDecoded = () => false,
  ) {
    this.#create = create;
  }

  lend(): Lent {
    const free = this.#free ?? new Lent(this.#create());
    this.#free = undefined;
    return free;
  }

  give(lent: Lent): void {
    lent.to = undefined;
    this.#free = lent;
  }
}

/** A decoder that tells whoever has it now. */
class Lent {
  to: SmallDecoder | undefined;

  constructor(readonly decoder: Decoder) {
    decoder.on('decoded', (packet) => this.to?.decoded(packet));
  }
}

/** A client's decoder, which has one of the pool's only while a packet waits for its binary parts. */
export class SmallDecoder implements Decoder {
  /** Whose it is, once that is in a namespace. */
  client: object | undefined;
  #held: Lent | undefined;
  #listener: Decoded | undefined;

  constructor(private readonly pool: DecoderPool) {}

  /** @throws Error when the packet is none */
  add(data: unknown): void {
    const lent = this.#held ?? this.pool.lend();
    this.#held = lent;
    lent.to = this;
    lent.decoder.add(data);
    // What could not be decoded ends the client: its decoder is not used again.
    if (lent.decoder.reconstructor || this.#held !== lent) return;
    this.#held = undefined;
    this.pool.give(lent);
  }

  /** Whether its next packet may be an event that somebody else has parsed. */
  get isFree(): boolean {
    return this.client !== undefined && this.#held === undefined;
  }

  /** An event, while it is free; false: it is to be decoded here after all. */
  takeParsed(packet: { readonly nsp: string }): boolean {
    return this.pool.take(this.client!, packet);
  }

  decoded(packet: { readonly nsp: string }): void {
    const { client, pool } = this;
    if (!client || !pool.take(client, packet)) this.#listener?.(packet);
  }

  /** Of Socket.IO's client, its only one. */
  on(_event: 'decoded', listener: Decoded): this {
    this.#listener = listener;
    return this;
  }

  /** Asked for by Socket.IO's client when it has ended. */
  removeListener(): this {
    this.client = undefined;
    this.#listener = undefined;
    return this;
  }

  destroy(): void {
    this.#held?.decoder.destroy();
    this.#held = undefined;
  }
}
