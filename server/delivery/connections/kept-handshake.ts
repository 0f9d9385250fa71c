import type { Socket } from 'socket.io';
import type { EqualOnce } from './equal-once.js';
import type { KeptRequest } from './kept-request.js';

type Handshake = Socket['handshake'];

/** A Socket.IO handshake whose headers and time are made when they are asked for. */
export class KeptHandshake {
  readonly address: string;
  readonly xdomain: boolean;
  readonly secure: boolean;
  readonly issued: number;
  readonly url: string;
  readonly query: Handshake['query'];
  readonly auth: Handshake['auth'];
  readonly #request: KeptRequest;

  constructor(handshake: Handshake, request: KeptRequest, once: EqualOnce) {
    this.address = handshake.address;
    this.xdomain = handshake.xdomain;
    this.secure = handshake.secure;
    this.issued = handshake.issued;
    this.url = handshake.url;
    this.query = handshake.query;
    this.auth = Object.keys(handshake.auth).length === 0 ? once.of(handshake.auth) : handshake.auth;
    this.#request = request;
    // The object's own, as they are in socket.io: adapters copy them for other instances.
    Object.defineProperties(this, KeptHandshake.#made);
  }

  static readonly #made: PropertyDescriptorMap & ThisType<KeptHandshake> = {
    headers: {
      enumerable: true,
      get() {
        return this.#request.headers;
      },
    },
    time: {
      enumerable: true,
      get() {
        return String(new Date(this.issued));
      },
    },
  };
}
