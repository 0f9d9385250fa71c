import { HubError } from '../../shared/errors.js';

export interface PayloadLimits {
  /** Levels of arrays and objects; 0: `DEEPEST`, past which encoders run out of stack. */
  readonly depth: number;
  /** Bytes of the payload as JSON, roughly; 0: `LARGEST`. */
  readonly bytes: number;
}

const DEEPEST = 512;
const LARGEST = 100_000_000;
/** A text of at least so many characters is counted in bytes of UTF-8, a shorter one in characters. */
const LONG_TEXT = 256;
/** Assigned to an object, these change what all objects have. */
const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Holds a payload to what can safely be encoded, stored and handed to every subscriber: JSON values and binary leaves (Buffer, typed
 * array, ArrayBuffer). Works without recursion, and ends at the first fault, so that its cost is bounded by the limits.
 * @throws HubError `too_deep` (a cycle is that too), `too_large`, or `invalid` naming what is not allowed
 */
export function checkPayload(payload: unknown, limits: PayloadLimits): void {
  const depthMax = limits.depth || DEEPEST;
  const bytesMax = limits.bytes || LARGEST;
  let bytes = leafBytes(payload);
  if (bytes > bytesMax) throw tooLarge(bytesMax);
  if (!isContainer(payload)) return;

  // Most payloads have one level, or two: what is still to be looked at has a list only where there is some.
  let container: object | undefined = payload;
  let depth = 1;
  let containers: object[] | undefined;
  let depths: number[] | undefined;
  while (container) {
    if (depth > depthMax) throw new HubError('too_deep', `a payload is nested at most ${depthMax} levels deep`);
    const keys: string[] | undefined = Array.isArray(container) ? undefined : Object.keys(container);
    const length: number = keys?.length ?? (container as unknown[]).length;
    let next: object | undefined;
    for (let index = 0; index < length; index++) {
      const key: string | undefined = keys?.[index];
      if (key !== undefined) {
        if (REFUSED_KEYS.has(key)) throw new HubError('invalid', `a payload has no keys called ${key}`);
        bytes += key.length + 3;
      }
      const value: unknown = key === undefined ? (container as unknown[])[index] : (container as Record<string, unknown>)[key];
      if (value === undefined && key !== undefined) continue; // JSON leaves it out.
      bytes += leafBytes(value) + 1;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      if (!isContainer(value)) continue;
      if (next) {
        containers ??= [];
        depths ??= [];
        containers.push(next);
        depths.push(depth + 1);
      }
      next = value;
    }
    depth = next ? depth + 1 : (depths?.pop() ?? 0);
    container = next ?? containers?.pop();
  }
}

const tooLarge = (bytesMax: number) => new HubError('too_large', `a payload has at most ${bytesMax} bytes`);

/** An array or a plain object; everything else was judged by `leafBytes`. */
function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isBinary(value) && !(value instanceof Date);
}

const isBinary = (value: object): value is ArrayBuffer | ArrayBufferView => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

/** Bytes of a value without what is inside of it. */
function leafBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return (value.length < LONG_TEXT ? value.length : Buffer.byteLength(value)) + 2;
    case 'number':
      if (!Number.isFinite(value)) throw new HubError('invalid', `a payload's numbers are finite, ${value} is not`);
      return 8;
    case 'boolean':
      return 5;
    case 'object':
      return objectBytes(value);
    default:
      throw new HubError('invalid', `a payload has no values of type ${typeof value}`);
  }
}

function objectBytes(value: object | null): number {
  if (value === null) return 4;
  if (Array.isArray(value)) return 2;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return 2;
  if (isBinary(value)) return value.byteLength;
  if (value instanceof Date) return 26;
  // A plain object of another realm (a vm context, a test runner) has that realm's Object.prototype, which has no prototype itself.
  if (typeof prototype === 'object' && prototype !== null && Object.getPrototypeOf(prototype) === null) return 2;
  throw new HubError('invalid', `a payload has no ${value.constructor?.name ?? 'class'} objects: send plain ones`);
}
