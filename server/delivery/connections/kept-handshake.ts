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

  /** `auth`: what the client has sent. */
  constructor(request: KeptRequest, address: string, auth: Handshake['auth'], once: EqualOnce) {
    this.address = address;
    this.xdomain = Boolean(request.header('origin'));
    this.secure = (request.socket as { encrypted?: boolean }).encrypted === true;
    this.issued = Date.now();
    this.url = request.url as string;
    this.query = request._query;
    this.auth = Object.keys(auth).length === 0 ? once.of(auth) : auth;
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
