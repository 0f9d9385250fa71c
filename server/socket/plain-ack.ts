import type { AckFunction } from './answer.js';
import type { HubSocket } from './types.js';

/** Socket.IO's way to a client's connection; `plain-ack.test.ts` holds it to the version. */
interface ConnectionParts {
  readonly readyState: string;
  write(packet: string, options: { readonly compress: true }): void;
}

/** `PacketType.ACK` of socket.io-parser. */
const ACK = 3;
const COMPRESS = { compress: true } as const;

/**
 * The acknowledgement of an event of the main namespace, for answers that are JSON: written as Socket.IO's own parser writes it, without
 * its search for binary. Only the first call is sent.
 */
export function plainAck({ conn }: HubSocket, id: number): AckFunction {
  let isSent = false;
  return (answer) => {
    const connection = conn as unknown as ConnectionParts;
    if (isSent || connection.readyState !== 'open') return;
    const packet = `${ACK}${id}[${JSON.stringify(answer)}]`;
    // What cannot be written is answered with the error that it meets.
    isSent = true;
    connection.write(packet, COMPRESS);
  };
}
