import { expect, test } from '@jest/globals';
import { latestCsv, rangeCsv } from './csv.js';

test('a range is a row per step and a column per series, empty where there is no value', () => {
  const series = [
    { name: 'cpu{core="0",host="a"}', values: [1, null] },
    { name: 'mem', values: [0, 2.5] },
  ];
  expect(rangeCsv({ from: 0, to: 60_000, stepMs: 60_000, series })).toBe(
    ['time,"cpu{core=""0"",host=""a""}",mem', '1970-01-01T00:00:00.000Z,1,0', '1970-01-01T00:01:00.000Z,,2.5', ''].join('\r\n'),
  );
});

test('the latest values are a row per series, by name', () => {
  const points = [
    { series: 'b', value: 2, t: 1_000 },
    { series: 'a', value: -1, t: 0 },
  ];
  expect(latestCsv(points)).toBe('series,value,time\r\na,-1,1970-01-01T00:00:00.000Z\r\nb,2,1970-01-01T00:00:01.000Z\r\n');
});

test('a name that begins as a formula does is a text, and numbers stay numbers', () => {
  const formulas = ['=HYPERLINK("x")', '+1', '-1', '@sum', '\tx'];
  const series = formulas.map((name) => ({ name, values: [-1] }));
  const texts = [`"'=HYPERLINK(""x"")"`, "'+1", "'-1", "'@sum", "'\tx"];
  expect(rangeCsv({ from: 0, to: 0, stepMs: 1, series })).toBe(`time,${texts.join(',')}\r\n1970-01-01T00:00:00.000Z${',-1'.repeat(5)}\r\n`);
  expect(latestCsv([{ series: '@a', value: -2, t: 0 }])).toBe("series,value,time\r\n'@a,-2,1970-01-01T00:00:00.000Z\r\n");
});
