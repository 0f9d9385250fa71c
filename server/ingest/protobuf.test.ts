import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PbfWriter } from 'pbf';
import { type ReadField, readProtobuf } from './protobuf.js';

interface Node {
  name: string;
  value: number;
  readonly children: Node[];
}
const newNode = (): Node => ({ name: '', value: 0, children: [] });
const readNode: ReadField<Node> = (field, node, reader) => {
  if (field === 1) node.name = reader.readString();
  else if (field === 2) node.value = reader.readDouble();
  else if (field === 3) node.children.push(reader.readMessage(readNode, newNode()));
};
const writeNode = (node: Node, writer: PbfWriter = new PbfWriter()): PbfWriter => {
  writer.writeStringField(1, node.name);
  writer.writeVarintField(9, 123_456_789);
  writer.writeDoubleField(2, node.value);
  for (const child of node.children) writer.writeMessage(3, (of: Node, nested: PbfWriter) => void writeNode(of, nested), child);
  return writer;
};
const read = (bytes: Uint8Array) => readProtobuf(bytes, readNode, newNode());

const node = { name: 'a', value: 0.5, children: [{ name: 'é'.repeat(20), value: Number.NaN, children: [] }] };

test('a message is read with those within it, and fields that nobody asks for are skipped', () => {
  expect(read(writeNode(node).finish())).toEqual(node);
  expect(read(new Uint8Array())).toEqual(newNode());
});

test('a message that is cut off is invalid wherever it is cut', () => {
  const inner = writeNode(node).finish();
  const whole = new PbfWriter();
  whole.writeMessage(3, (of: Node, writer: PbfWriter) => void writeNode(of, writer), node);
  const bytes = whole.finish();
  expect(read(bytes).children).toEqual([node]);
  for (let length = 1; length < inner.length + 2; length++) {
    expect(() => read(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'invalid' }));
  }
});

test('a message that reaches over the end of the one it is in is invalid', () => {
  expect(() => read(Uint8Array.from([0x1a, 0x02, 0x0a, 0x05, 0x61, 0x61, 0x61, 0x61, 0x61]))).toThrow(
    expect.objectContaining({ code: 'invalid' }),
  );
});

test('messages within messages without end are invalid', () => {
  let deep: Node = newNode();
  for (let depth = 1; depth < 100; depth++) deep = { ...newNode(), children: [deep] };
  expect(read(writeNode(deep).finish()).children).toHaveLength(1);
  expect(() => read(writeNode({ ...newNode(), children: [deep] }).finish())).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('whatever the bytes, they are read or invalid', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        read(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid' });
      }
    }),
  );
});

test('a field of number 0, which none may have, is no end', () => {
  expect(() => read(Uint8Array.from([0x00, 0x0a, 0x01, 0x61]))).toThrow(expect.objectContaining({ code: 'invalid' }));
});
