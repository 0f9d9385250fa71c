import { expect, test } from '@jest/globals';
import { Emitter } from './emitter.js';

interface Events {
  word: (word: string) => void;
}

test('a listener that throws stops neither the others nor the emitter', () => {
  const raised: unknown[] = [];
  const heard: string[] = [];
  const emitter = new Emitter<Events>((thrown) => raised.push(thrown));
  emitter.on('word', () => {
    throw new Error('a fault of the application');
  });
  emitter.on('word', (word) => heard.push(word));
  emitter.emit('word', 'one');
  emitter.emit('word', 'two');
  expect(heard).toEqual(['one', 'two']);
  expect(raised).toHaveLength(2);
});

test('one function may listen twice, and each ends by itself, also while it is called', () => {
  const heard: string[] = [];
  const emitter = new Emitter<Events>();
  const listener = (word: string) => heard.push(word);
  const off = emitter.on('word', listener);
  emitter.on('word', listener);
  emitter.on('word', () => off());
  emitter.emit('word', 'a');
  emitter.emit('word', 'b');
  expect(heard).toEqual(['a', 'a', 'b']);
});
