import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { compactListeners, giveListeners, listenerTable } from './compact.js';

test('a compacted emitter calls the listeners that it had, in their order, and takes and drops others', () => {
  const emitter = new EventEmitter();
  const heard: string[] = [];
  const say = (what: string) => () => void heard.push(what);
  const [first, second] = [say('first'), say('second')];
  emitter.on('a', first);
  emitter.once('a', say('once'));
  emitter.on('a', second);
  emitter.on('b', say('b'));
  compactListeners(emitter);
  emitter.emit('a');
  emitter.off('a', first);
  emitter.on('c', say('c'));
  emitter.emit('a');
  emitter.emit('b');
  emitter.emit('c');
  expect(heard).toEqual(['first', 'once', 'second', 'second', 'b', 'c']);
  expect(emitter.eventNames()).toEqual(['a', 'b', 'c']);
  emitter.removeAllListeners();
  expect(emitter.emit('a')).toBe(false);
});

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('nobody listens to %s', (event) => {
  const emitter = new EventEmitter();
  emitter.on('a', () => {});
  compactListeners(emitter);
  expect(emitter.emit(event)).toBe(false);
  expect(emitter.listenerCount(event)).toBe(0);
});

test('an emitter that is given a table of listeners is as if they had been added to it, and the table stays as it is', () => {
  const heard: string[] = [];
  const [a, b, more] = ['a', 'b', 'more'].map((what) => () => void heard.push(what)) as [() => void, () => void, () => void];
  const table = Object.assign(listenerTable(), { a, b });
  const emitters = [new EventEmitter(), new EventEmitter()];
  for (const emitter of emitters) {
    emitter.on('error', () => {});
    expect(giveListeners(emitter, table, 2)).toBe(true);
  }
  const [emitter, other] = emitters as [EventEmitter, EventEmitter];
  expect(emitter.eventNames()).toEqual(['a', 'b', 'error']);
  emitter.on('a', more);
  emitter.off('b', b);
  expect([emitter.emit('a'), emitter.emit('b'), emitter.emit('error')]).toEqual([true, false, true]);
  expect(emitter.eventNames()).toEqual(['a', 'error']);
  other.emit('b');
  other.removeAllListeners('a');
  expect(heard).toEqual(['a', 'more', 'b']);
  expect(Object.keys(table)).toEqual(['a', 'b']);
});

test('an emitter that has no listeners is given those of errors too', () => {
  const emitter = new EventEmitter();
  const heard: unknown[] = [];
  expect(giveListeners(emitter, Object.assign(listenerTable(), { error: (what: unknown) => heard.push(what) }), 1)).toBe(true);
  emitter.emit('error', 'bad');
  expect([heard, emitter.eventNames()]).toEqual([['bad'], ['error']]);
});

test('an emitter that has other listeners keeps them, and is given none', () => {
  const emitter = new EventEmitter();
  emitter.on('error', () => {});
  emitter.on('a', () => {});
  expect(giveListeners(emitter, Object.assign(listenerTable(), { b: () => {} }), 1)).toBe(false);
  expect(emitter.eventNames()).toEqual(['error', 'a']);
  emitter.off('a', emitter.listeners('a')[0] as () => void);
  expect(giveListeners(emitter, Object.assign(listenerTable(), { error: () => {} }), 1)).toBe(false);
});
