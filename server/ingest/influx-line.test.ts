import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatSeries } from '../../shared/series-name.js';
import { endsWithinText, InfluxReader, precisionMs } from './influx-line.js';
import { parseRoomRule, SenderRooms } from './sender-rooms.js';

const NOW = 1_700_000_000_000;
const reader = new InfluxReader();
/** Read twice: the second time by what is known of measurement and tags. */
function parse(text: string, precision?: string) {
  const read = () => reader.read(text, 1, precisionMs(precision), NOW).map(({ series, value, t }) => [series, value, t]);
  const first = read();
  expect(read()).toEqual(first);
  return first;
}

test('fields become series by measurement, field and tags', () => {
  expect(parse('cpu,host=a,core=0 usage=0.5,idle=99i 1700000000123456789')).toEqual([
    ['cpu_usage{core="0",host="a"}', 0.5, 1_700_000_000_123],
    ['cpu_idle{core="0",host="a"}', 99, 1_700_000_000_123],
  ]);
  expect(parse('cpu usage=1')).toEqual([['cpu_usage', 1, NOW]]);
});

test.each([
  ['m f=1', 1],
  ['m f=-1.5', -1.5],
  ['m f=+2', 2],
  ['m f=1e3', 1_000],
  ['m f=1.E-2', 0.01],
  ['m f=.5', 0.5],
  ['m f=5.', 5],
  ['m f=7i', 7],
  ['m f=-7i', -7],
  ['m f=7u', 7],
  ['m f=t', 1],
  ['m f=T', 1],
  ['m f=true', 1],
  ['m f=True', 1],
  ['m f=TRUE', 1],
  ['m f=f', 0],
  ['m f=F', 0],
  ['m f=false', 0],
  ['m f=False', 0],
  ['m f=FALSE', 0],
])('%s is a value', (line, value) => {
  expect(parse(line)).toEqual([['m_f', value, NOW]]);
});

// The cases of the protocol's reference: special characters in each place, escaped and as they are.
test.each([
  [String.raw`weather,location\ place=us-midwest temperature=82`, 'weather_temperature{location place="us-midwest"}'],
  [String.raw`wea\,ther,location=us\,mid\ west temperature=82`, 'wea,ther_temperature{location="us,mid west"}'],
  [String.raw`weather,location=us-midwest temp\=rature=82`, 'weather_temp=rature{location="us-midwest"}'],
  [String.raw`wea\ ther,loc\=ation=a\=b tem\,p=82`, String.raw`wea ther_tem,p{loc\=ation="a=b"}`],
  ['wea"ther,loc"ation=us-"midwest" temperature=82', 'wea"ther_temperature{loc\\"ation="us-\\"midwest\\""}'],
  [String.raw`m\x,k\y=v\z f\w=1`, String.raw`m\\x_f\\w{k\\y="v\\z"}`],
  ['a=b f=1', 'a=b_f'],
  ['weather,location=us-midwest temperature_🔥=82', 'weather_temperature_🔥{location="us-midwest"}'],
])('%s has the series %s', (line, series) => {
  expect(parse(line)).toMatchObject([[series, expect.any(Number), NOW]]);
});

test('texts are left out, whatever stands in them', () => {
  expect(parse(String.raw`m,k=v s="a, b=c \"d\" \\ x",n=1,e="" 5`, 'ms')).toEqual([['m_n{k="v"}', 1, 5]]);
  expect(parse('m s="only"')).toEqual([]);
});

test('blank lines and comments have no samples, and blanks around the parts do not matter', () => {
  for (const text of ['', '   ', '\t', '# a comment', '  # f=1']) expect(parse(text)).toEqual([]);
  expect(parse('  m   f=1   5  ', 's')).toEqual([['m_f', 1, 5_000]]);
});

test.each([
  ['ns', 1e6],
  ['n', 1e6],
  ['us', 1e3],
  ['u', 1e3],
  ['µ', 1e3],
  ['ms', 1],
  ['s', 1e-3],
  ['m', 1 / 60_000],
  ['h', 1 / 3_600_000],
])('precision %s', (precision, perMs) => {
  expect(parse(`m f=1 ${Math.round(3_600_000 * perMs)}`, precision)).toEqual([['m_f', 1, 3_600_000]]);
  expect(parse('m f=1 -1', 'ms')).toEqual([['m_f', 1, -1]]);
});

test.each([
  'm',
  'm ',
  'm,',
  'm, f=1',
  'm,k f=1',
  'm,k= f=1',
  'm,=v f=1',
  'm,k=v',
  'm,k=a,k=b f=1',
  'm,k=a=b f=1',
  ',k=v f=1',
  ' ,k=v f=1',
  'm f',
  'm f=',
  'm =1',
  'm f=1,',
  'm f=1,g',
  'm f=x',
  'm f=1x',
  'm f=1ii',
  'm f=1.5i',
  'm f=-1u',
  'm f=0x10',
  'm f=NaN',
  'm f=Infinity',
  'm f=1e999',
  'm f=tRUE',
  'm f="a',
  'm f="a"b',
  "m f='a'",
  'm f=1 x',
  'm f=1 1.5',
  'm f=1 1 2',
  'm f= 1',
  'm f=__proto__',
])('%j is refused', (text) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('an unknown precision is refused', () => {
  for (const precision of ['x', 'constructor', 'min'])
    expect(() => precisionMs(precision)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('a line that ends within a text belongs together with the next', () => {
  for (const text of ['m f="a', 'm,t="x" f="a', String.raw`m f="a\"`, String.raw`m\ x f="`, 'm a=1,f="b', 'm "a=1,f="b'])
    expect([text, endsWithinText(text)]).toEqual([text, true]);
  for (const text of ['m f="a"', 'm,t=" f=1', '# "', 'm f="a\\\\"', '"', 'm"x f=1', 'm "f=1', ''])
    expect([text, endsWithinText(text)]).toEqual([text, false]);
});

const word = fc.string({ unit: fc.constantFrom('a', 'é', ',', '=', ' ', '"', '{', '}', '#', '😀'), minLength: 1, maxLength: 6 });
const escaped = (text: string) => text.replace(/[,= ]/g, '\\$&');

test('what is escaped as the protocol says comes back, whatever the characters', () => {
  const line = fc.record({
    measurement: word.filter((text) => !/^\s*#/.test(text)),
    tags: fc.uniqueArray(fc.tuple(word, word), { selector: ([key]) => key, maxLength: 4 }),
    fields: fc.uniqueArray(
      fc.tuple(
        word,
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      ),
      {
        selector: ([key]) => key,
        minLength: 1,
        maxLength: 4,
      },
    ),
    said: fc.string({ maxLength: 10 }),
    t: fc.integer({ min: 0, max: 2e12 }),
  });
  fc.assert(
    fc.property(line, ({ measurement, tags, fields, said, t }) => {
      const head = [measurement, ...tags.map((tag) => tag.map(escaped).join('='))];
      const text = `said="${said.replace(/["\\]/g, '\\$&')}"`;
      const body = [text, ...fields.map(([key, value]) => `${escaped(key)}=${value}`), text].join(',');
      const given = `${[escaped(measurement), ...head.slice(1)].join(',')} ${body} ${t}`;
      expect(endsWithinText(given)).toBe(false);
      expect(parse(given, 'ms')).toEqual(
        fields.map(([key, value]) => [formatSeries(`${measurement}_${key}`, Object.fromEntries(tags)), value, t]),
      );
    }),
    { numRuns: 1_000 },
  );
});

test('whatever comes, it is parsed or refused as invalid', () => {
  const text = fc.string({ unit: fc.constantFrom('m', 'f', '1', 'i', ',', '=', ' ', '"', '\\', '#', '.', 'e', '-'), maxLength: 30 });
  fc.assert(
    fc.property(text, (given) => {
      try {
        for (const [, value, t] of parse(given)) expect([Number.isFinite(value), Number.isFinite(t)]).toEqual([true, true]);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid' });
      }
    }),
    { numRuns: 3_000 },
  );
});

test('a rule says which room a line goes to, by its measurement or a tag', () => {
  const rules = new SenderRooms(['__name__=cpu->metrics:hosts', 'host=b*->metrics:{host}'].map((text) => parseRoomRule(text)!));
  const ruled = new InfluxReader(rules);
  const roomsOf = (text: string) => ruled.read(text, 1, 1, NOW).map(({ room }) => room);
  for (let turn = 0; turn < 2; turn++) {
    expect(roomsOf('cpu,host=b1 f=1,g=2')).toEqual(['metrics:hosts', 'metrics:hosts']);
    expect(roomsOf('mem,host=b1 f=1')).toEqual(['metrics:b1']);
    expect(roomsOf('mem,host=a f=1')).toEqual([undefined]);
  }
});
