import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseLogLine } from './log-lines.js';
import { readLogfmt, readSyslog, sourceInText } from './log-shapes.js';

const NOW = 1_700_000_000_000;
const parse = (text: string) => parseLogLine(text, NOW);

test('a line of logfmt becomes text, time, level, source and fields', () => {
  expect(parse(String.raw`ts=2023-11-14T22:13:20Z lvl=warn logger=db msg="slow \"query\"\nof 3 s" took=3.1s url=/x?a=b empty=`)).toEqual({
    text: 'slow "query"\nof 3 s',
    time: NOW,
    level: 'warn',
    source: 'db',
    fields: { took: '3.1s', url: '/x?a=b', empty: '' },
  });
  expect(parse('level=info path=/ status=200')).toEqual({
    text: 'level=info path=/ status=200',
    time: NOW,
    level: 'info',
    fields: { path: '/', status: '200' },
  });
});

test.each([
  'a=1 b=2',
  'level=info and more words',
  'msg="no end',
  'level=info msg="a"b',
  'level=info',
  '=1',
  'level=info __proto__=1 x=2',
  '',
])('%j is no line of logfmt', (text) => {
  expect(readLogfmt(text)).toBeUndefined();
});

test.each([
  [
    '<165>1 2023-11-14T22:13:20.000Z web-1 api 811 ID47 [x@1 a="b\\]c"] \u{feff}it runs',
    {
      text: 'it runs',
      time: NOW,
      level: 'info',
      source: 'api',
      fields: { host: 'web-1', pid: '811', msgid: 'ID47', data: '[x@1 a="b\\]c"]' },
    },
  ],
  ['<11>1 - - - - - -', { text: '', time: NOW, level: 'error', fields: { facility: 1 } }],
  [
    '<34>Oct 11 22:14:15 mymachine su[230]: failed for lonvick',
    { text: 'failed for lonvick', level: 'fatal', source: 'su', fields: { timestamp: 'Oct 11 22:14:15', host: 'mymachine', pid: '230' } },
  ],
  [
    'Oct  1 22:14:15 host cron.daily: error: disk full',
    { text: 'error: disk full', time: NOW, level: 'error', source: 'cron.daily', fields: { timestamp: 'Oct  1 22:14:15', host: 'host' } },
  ],
  ['2023-11-14T22:13:20.000000+00:00 host kernel: [ 1.0] up', { text: '[ 1.0] up', time: NOW, source: 'kernel', fields: { host: 'host' } }],
])('%j is taken apart as syslog', (text, line) => {
  expect(parse(text)).toMatchObject(line);
});

test.each(['<999>1 - - - - - -', '<1>plain', '2023-11-14T22:13:20Z ERROR db: gone', 'Oct 11 22:14:15', ''])('%j is no syslog', (text) => {
  expect(readSyslog(text)).toBeUndefined();
});

test.each([
  ['2024-05-01 10:00:00,123 - app.db - ERROR - gone', 'app.db'],
  ['ERROR:app.db:gone', 'app.db'],
  ['10:00:00.123 [main] WARN  com.example.Db - gone', 'com.example.Db'],
  ['2024-05-01T10:00:00Z ERROR db: gone', 'db'],
  ['[2024-05-01 10:00:00] [INFO] [http] listening', 'http'],
  ['2024-05-01T10:00:00Z it says: hello', undefined],
  ['note: nothing', undefined],
  ['', undefined],
])('the source of %j is %j', (text, source) => {
  expect(sourceInText(text)).toBe(source);
});

test('colours are a field beside the clean text, also of a message within a record', () => {
  expect(parse('\u001b[31mERROR\u001b[39m disk')).toEqual({
    text: 'ERROR disk',
    time: NOW,
    level: 'error',
    fields: {
      ansi: [
        [0, 5, '31'],
        [5, 10, '31;39'],
      ],
    },
  });
  expect(parse('{"msg":"\\u001b[1mup\\u001b[0m","id":1}')).toEqual({
    text: 'up',
    time: NOW,
    fields: { id: 1, ansi: [[0, 2, '1']] },
  });
  expect(parse('\u001b[36mlevel\u001b[0m=info \u001b[36mmsg\u001b[0m=up')).toEqual({ text: 'up', time: NOW, level: 'info' });
});

test("records of Docker's json-file and of journalctl -o json are lines as they were written", () => {
  expect(parse('{"log":"ERROR gone\\n","stream":"stderr","time":"2023-11-14T22:13:20.000000000Z"}')).toEqual({
    text: 'ERROR gone',
    time: NOW,
    level: 'error',
    fields: { stream: 'stderr' },
  });
  expect(parse('{"MESSAGE":"up","__REALTIME_TIMESTAMP":"1700000000000000","PRIORITY":"4","SYSLOG_IDENTIFIER":"cron","_PID":"7"}')).toEqual({
    text: 'up',
    time: NOW,
    level: 'warn',
    source: 'cron',
    fields: { _PID: '7' },
  });
});

test('no text takes longer than its length asks for', () => {
  const unit = fc.constantFrom('a=', 'level=', '"', '\\', ' ', '[', ']', ':', '<1>', '1 ', '- ', '10:00:00');
  fc.assert(fc.property(fc.string({ unit, maxLength: 40 }), (text) => void parse(text)));
  const begun = process.cpuUsage();
  for (const part of ['a=', 'a="', 'a="\\', 'level=info ', '- ', '[', '[a] ', 'a.', '10:00:00 ']) {
    for (const front of ['', '<1>1 - a a a a [', 'Oct 11 22:14:15 ', 'level=', '10:00:00 [']) parse(front + part.repeat(20_000));
  }
  expect(process.cpuUsage(begun).user).toBeLessThan(2e6);
});
