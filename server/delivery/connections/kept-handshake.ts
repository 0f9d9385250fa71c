import type { Socket } from 'socket.io';
import { headerOf } from './kept-request.js';

type Handshake = Socket['handshake'];
type Auth = Handshake['auth'];

/** Of all clients that send none. */
const NO_AUTH: Auth = Object.freeze({});

/** What of a handshake is not the request's: enough until somebody asks for the whole of it. */
export class HandshakeSeed {
  readonly auth: Auth;
  readonly issued = Date.now();

  /** `auth`: what the client has sent. */
  constructor(auth: Auth) {
    this.auth = Object.keys(auth).length === 0 ? NO_AUTH : auth;
  }
}

/** A Socket.IO handshake whose headers and time are made when they are asked for. */
export class KeptHandshake {
  readonly address: string;
  readonly xdomain: boolean;
  readonly secure: boolean;
  readonly issued: number;
  readonly url: string;
  readonly query: Handshake['query'];
  readonly auth: Auth;
  readonly #request: Socket['request'];

  constructor({ auth, issued }: HandshakeSeed, request: Socket['request'], address: string) {
    this.address = address;
    this.xdomain = Boolean(headerOf(request, 'origin'));
    this.secure = (request.socket as { encrypted?: boolean }).encrypted === true;
    this.issued = issued;
    this.url = request.url as string;
    this.query = (request as unknown as { _query: Handshake['query'] })._query;
    this.auth = auth;
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
