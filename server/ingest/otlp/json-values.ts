import { HubError } from '../../../shared/errors.js';
import type { Attributes, OtlpValue } from './attributes.js';
import { VALUE_LEVELS } from './model.js';
import { finiteOrName } from './protobuf-values.js';

type Json = Readonly<Record<string, unknown>>;

const missing = (json: unknown): json is null | undefined => json === undefined || json === null;
const wrong = (what: string, is: string) => new HubError('invalid', `${what} is no ${is}`);

/** The fields of an object; one that is missing has none. @throws HubError `invalid` */
export function objectOf(json: unknown, what: string): Json {
  if (missing(json)) return {};
  if (typeof json !== 'object' || Array.isArray(json)) throw wrong(what, 'object');
  return json as Json;
}

/** @throws HubError `invalid` */
export function arrayOf(json: unknown, what: string): readonly unknown[] {
  if (missing(json)) return [];
  if (!Array.isArray(json)) throw wrong(what, 'list');
  return json;
}

/** @throws HubError `invalid` */
export function textOf(json: unknown, what: string): string {
  if (missing(json)) return '';
  if (typeof json !== 'string') throw wrong(what, 'text');
  return json;
}

const NUMBER = /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const NAMED: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity']);

/** A number, or one as text: so 64-bit integers and what is not finite are written. @throws HubError `invalid` */
export function numberOf(json: unknown, what: string): number | undefined {
  if (missing(json)) return undefined;
  if (typeof json === 'number') return json;
  if (typeof json === 'string' && (NUMBER.test(json) || NAMED.has(json))) return Number(json);
  throw wrong(what, 'number');
}

/** A list of numbers. @throws HubError `invalid` */
export const numbersOf = (json: unknown, what: string): number[] => arrayOf(json, what).map((one) => numberOf(one, what) ?? 0);

/** An integer of 64 bits: past 2^53 it stays text, so that no digit is lost. */
function readInt64(json: unknown): OtlpValue {
  const value = numberOf(json, 'intValue') ?? 0;
  return Number.isSafeInteger(value) ? value : String(json);
}

/** An AnyValue. @throws HubError `invalid`, `too_deep` */
export function readJsonValue(json: unknown, level = 0): OtlpValue {
  const value = objectOf(json, 'a value');
  if (!missing(value.stringValue)) return textOf(value.stringValue, 'stringValue');
  if (!missing(value.boolValue)) return value.boolValue === true || value.boolValue === 'true';
  if (!missing(value.intValue)) return readInt64(value.intValue);
  if (!missing(value.doubleValue)) return finiteOrName(numberOf(value.doubleValue, 'doubleValue') ?? 0);
  if (!missing(value.bytesValue)) return textOf(value.bytesValue, 'bytesValue');
  if (missing(value.arrayValue) && missing(value.kvlistValue)) return null;
  if (level >= VALUE_LEVELS) throw new HubError('too_deep', `a value has at most ${VALUE_LEVELS} levels`);
  if (missing(value.kvlistValue))
    return arrayOf(objectOf(value.arrayValue, 'arrayValue').values, 'values').map((one) => readJsonValue(one, level + 1));
  return Object.fromEntries(readAttributes(objectOf(value.kvlistValue, 'kvlistValue').values, level + 1));
}

/** A list of KeyValue. @throws HubError `invalid`, `too_deep` */
export function readAttributes(json: unknown, level = 0): Attributes {
  return arrayOf(json, 'attributes').map((pair) => {
    const { key, value } = objectOf(pair, 'an attribute');
    return [textOf(key, 'key'), readJsonValue(value, level)] as const;
  });
}
