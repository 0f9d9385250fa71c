import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { compactListeners, prepareListeners, trimListeners } from './compact.js';

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

test('an emitter without listeners keeps no table, and takes listeners as before', () => {
  const emitter = new EventEmitter();
  compactListeners(emitter);
  trimListeners(emitter);
  expect((emitter as unknown as { _events: unknown })._events).toBeUndefined();
  expect([emitter.emit('a'), emitter.eventNames(), emitter.listenerCount('a'), emitter.rawListeners('a')]).toEqual([false, [], 0, []]);
  emitter.off('a', () => {}).removeAllListeners('a');
  let heard = 0;
  emitter.once('a', () => void heard++);
  expect([emitter.emit('a'), emitter.emit('a'), heard]).toEqual([true, false, 1]);
});

test('an emitter that is prepared takes listeners as before', () => {
  const emitter = new EventEmitter();
  prepareListeners(emitter);
  const listen = () => {};
  emitter.on('a', listen).on('a', listen).on('b', listen);
  expect([emitter.eventNames(), emitter.listenerCount('a')]).toEqual([['a', 'b'], 2]);
  emitter.off('a', listen).removeAllListeners('b');
  expect(emitter.eventNames()).toEqual(['a']);
});
