import { expect, test } from '@jest/globals';
import { KINDS, parseRoom } from '../../shared/rooms.js';
import { parseRoomRule, SenderRooms } from './sender-rooms.js';

const rooms = (...rules: string[]) => new SenderRooms(rules.map((text) => parseRoomRule(text)!));
const labels =
  (of: Record<string, string>) =>
  (key: string): string | undefined =>
    of[key];

test('without a rule the sender says by its default which room it is', () => {
  expect(rooms().roomOf('samples', labels({}), 'node')).toBe('metrics:node');
  expect(rooms().roomOf('lines', labels({}), 'api')).toBe('logs:api');
  expect(rooms().roomOf('samples', labels({}), undefined)).toBe('metrics:unknown');
  expect(rooms().roomOf('samples', labels({}), '')).toBe('metrics:unknown');
});

test('the first rule that fits decides, of those for samples or those for lines', () => {
  const own = rooms('service.name=shop->logs:shop', '__name__=node_*->metrics:hosts', 'job=n*de->metrics:nodes', 'job=*->metrics:rest');
  expect(own.roomOf('samples', labels({ __name__: 'node_load1', job: 'node' }), 'd')).toBe('metrics:hosts');
  expect(own.roomOf('samples', labels({ __name__: 'up', job: 'node' }), 'd')).toBe('metrics:nodes');
  expect(own.roomOf('samples', labels({ __name__: 'up', job: 'x' }), 'd')).toBe('metrics:rest');
  expect(own.roomOf('samples', labels({ __name__: 'up' }), 'd')).toBe('metrics:d');
  expect(own.roomOf('lines', labels({ job: 'node' }), 'd')).toBe('logs:d');
  expect(own.roomOf('lines', labels({ 'service.name': 'shop' }), 'd')).toBe('logs:shop');
  expect(own.byRule('lines', labels({ 'service.name': 'shopping' }))).toBeUndefined();
  expect(rooms('a=x.y->metrics:z').byRule('samples', labels({ a: 'xzy' }))).toBeUndefined();
});

test('a room may be named after labels', () => {
  const own = rooms('instance=*:*->metrics:{job}/{instance}');
  expect(own.roomOf('samples', labels({ job: 'node', instance: 'web-1:9100' }), 'd')).toBe('metrics:node/web-1:9100');
  expect(own.roomOf('samples', labels({ instance: 'web-1:9100' }), 'd')).toBe('metrics:unknown/web-1:9100');
});

test.each(['two words', 'a{b}', 'ﾠx\u200b', 'é', '👩‍👩‍👧', 'x'.repeat(500), '𝒳'.repeat(200), '', '\ud800', '가'])(
  'whatever a label is, it makes a name that a room can have: %j',
  (label) => {
    const { room } = parseRoom(rooms().roomOf('samples', labels({}), label), KINDS);
    expect(rooms('a=*->metrics:x{l}').roomOf('samples', labels({ a: '1', l: label }), 'd')).toMatch(/^metrics:x./u);
    expect(room).toMatch(/^metrics:./u);
  },
);

test.each([
  'job->metrics:x',
  'job=x',
  'job=x->chat:x',
  'job=x->metrics:',
  'job=x->metrics:a b',
  '=x->metrics:a',
  'job=x->metrics:{a',
  'user=x->user:x',
])('what is no rule is told so: %s', (text) => expect(parseRoomRule(text)).toBeUndefined());
