import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { CommonListeners, takeCommonListeners } from './common-listeners.js';

class Sharing extends EventEmitter {}
takeCommonListeners(Sharing.prototype);

const noop = () => {};
const tableOf = (emitter: EventEmitter) => (emitter as unknown as { _events: object })._events;

describe.each([
  ['of its own', EventEmitter],
  ['that it shares', Sharing],
])('an emitter with a table %s', (_, Emitter) => {
  let heard: string[];
  const say = (what: string) => () => void heard.push(what);
  const commonOf = (...events: string[]) => {
    const common = new CommonListeners();
    for (const event of events) common.set(event, say(event));
    return common;
  };

  beforeEach(() => {
    heard = [];
  });

  test('is as if the listeners had been added to it, and changes for itself', () => {
    const common = commonOf('a', 'b');
    const [emitter, other] = [new Emitter(), new Emitter()];
    for (const one of [emitter, other]) {
      one.on('error', noop);
      expect(common.give(one)).toBe(true);
    }
    expect(emitter.eventNames()).toEqual(['a', 'b', 'error']);
    emitter.on('a', say('more'));
    emitter.off('b', emitter.listeners('b')[0] as () => void);
    expect([emitter.emit('a'), emitter.emit('b'), emitter.emit('error')]).toEqual([true, false, true]);
    expect(emitter.eventNames()).toEqual(['a', 'error']);
    other.emit('b');
    other.removeAllListeners('a');
    expect(other.eventNames()).toEqual(['b', 'error']);
    expect(heard).toEqual(['a', 'more', 'b']);
    expect(common.entries().map(([event]) => event)).toEqual(['a', 'b']);
  });

  test.each<[string, (emitter: EventEmitter, listener: () => void) => unknown]>([
    ['on', (emitter, listener) => emitter.on('a', listener)],
    ['addListener', (emitter, listener) => emitter.addListener('a', listener)],
    ['once', (emitter, listener) => emitter.once('a', listener)],
    ['prependListener', (emitter, listener) => emitter.prependListener('a', listener)],
    ['prependOnceListener', (emitter, listener) => emitter.prependOnceListener('a', listener)],
    ['removeListener', (emitter) => emitter.removeListener('a', emitter.listeners('a')[0] as () => void)],
    ['removeAllListeners', (emitter) => emitter.removeAllListeners()],
  ])('%s changes nobody else', (_method, change) => {
    const common = commonOf('a');
    const [emitter, other] = [new Emitter(), new Emitter()];
    for (const one of [emitter, other]) common.give(one);
    change(emitter, say('own'));
    const before = emitter.listenerCount('a');
    other.emit('a');
    expect(heard).toEqual(['a']);
    expect([before === 1, other.listenerCount('a')]).toEqual([false, 1]);
  });

  test('that has no listeners is given those of errors too', () => {
    const emitter = new Emitter();
    expect(commonOf('error').give(emitter)).toBe(true);
    emitter.emit('error', 'bad');
    expect([heard, emitter.eventNames()]).toEqual([['error'], ['error']]);
  });

  test('keeps its own listener of errors', () => {
    const common = commonOf('a');
    for (const name of ['first', 'second', 'first']) {
      const emitter = new Emitter().on('error', say(name));
      common.give(emitter);
      emitter.emit('error');
    }
    expect(heard).toEqual(['first', 'second', 'first']);
  });

  test('is not given what is added to the common listeners afterwards', () => {
    const common = commonOf('a');
    const [before, after] = [new Emitter(), new Emitter()];
    common.give(before);
    common.set('b', say('b'));
    common.give(after);
    expect([before.emit('b'), after.emit('b')]).toEqual([false, true]);
  });

  test('that has other listeners keeps them, and is given none', () => {
    const emitter = new Emitter().on('error', noop).on('a', noop);
    expect(commonOf('b').give(emitter)).toBe(false);
    expect(emitter.eventNames()).toEqual(['error', 'a']);
    emitter.off('a', noop);
    expect(commonOf('error').give(emitter)).toBe(false);
  });
});

test('emitters that can share have one table, until one of them changes it', () => {
  const common = new CommonListeners();
  common.set('a', noop);
  const [one, other, changed] = [new Sharing(), new Sharing(), new Sharing()];
  for (const emitter of [one, other, changed]) common.give(emitter);
  changed.on('b', noop);
  expect(tableOf(other)).toBe(tableOf(one));
  expect(tableOf(changed)).not.toBe(tableOf(one));
});
