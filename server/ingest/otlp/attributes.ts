/** An AnyValue as JSON has it: bytes as base64; integers past 2^53 and numbers that are not finite as texts. */
export type OtlpValue = string | number | boolean | null | OtlpValue[] | { [key: string]: OtlpValue };
export type Attributes = readonly (readonly [key: string, value: OtlpValue])[];

/** A value as the value of a label. */
export const textOf = (value: OtlpValue): string => (typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value));

/** Undefined where there is none; of several with the key the last one counts. */
export function attributeText(attributes: Attributes, key: string): string | undefined {
  const value = attributes.findLast(([name]) => name === key)?.[1];
  return value === undefined ? undefined : textOf(value);
}
