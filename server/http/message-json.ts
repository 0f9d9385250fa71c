import type { Message } from '../../shared/protocol.js';

/** Binary inside a message's data, as JSON carries it. */
export interface JsonBinary {
  $base64: string;
}

function bytesOf(value: object): Buffer | undefined {
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? Buffer.from(value) : undefined;
}

function holdsBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return bytesOf(value) !== undefined || Object.values(value).some(holdsBinary);
}

/** The value with every piece of binary as its base64. */
function withoutBinary(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const bytes = bytesOf(value);
  if (bytes) return { $base64: bytes.toString('base64') } satisfies JsonBinary;
  if (Array.isArray(value)) return value.map(withoutBinary);
  // What has a JSON form of its own (a Date) holds no binary.
  if ('toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBinary(inner)]));
}

/** Encodes messages and what else goes to many HTTP readers: each object once, however many read it. */
export function createMessageEncoder<Value extends object = Message>(): (value: Value) => string {
  const encoded = new WeakMap<Value, string>();
  return (value) => {
    const known = encoded.get(value);
    if (known !== undefined) return known;
    const json = JSON.stringify(holdsBinary(value) ? withoutBinary(value) : value);
    encoded.set(value, json);
    return json;
  };
}
