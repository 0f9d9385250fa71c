import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseShallowJson } from './shallow-json.js';

const parse = (text: string, levels?: number) => parseShallowJson(Buffer.from(text), levels);

test('what is nested deeper than it may be is refused before it is parsed', () => {
  const tooDeep = expect.objectContaining({ code: 'too_deep' });
  expect(parse('[[{"a":[]}],[]]', 4)).toEqual([[{ a: [] }], []]);
  expect(() => parse('[[{"a":[]}],[]]', 3)).toThrow(tooDeep);
  expect(() => parse('['.repeat(8_000_000))).toThrow(tooDeep);
  expect(() => parse('{"a":')).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('brackets within texts are none, whatever is escaped before them', () => {
  const text = fc.string({ unit: fc.constantFrom('[', '{', '"', '\\', 'a', '\n', 'é'), maxLength: 20 });
  fc.assert(fc.property(fc.array(text), (texts) => expect(parse(JSON.stringify(texts), 1)).toEqual(texts)));
});
