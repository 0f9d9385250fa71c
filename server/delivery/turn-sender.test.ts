import { Writable } from 'node:stream';
import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { SenderHost, TurnSender } from './turn-sender.js';

/** What stands for the system's call here. */
const system = { write: (_fd: number, _bytes: Buffer): number => 0 };
jest.unstable_mockModule('node:fs', () => ({ writeSync: (fd: number, bytes: Buffer) => system.write(fd, bytes) }));
const { Turn } = await import('./turn.js');
const { TurnSender: Sender } = await import('./turn-sender.js');
const { MessageFrame } = await import('./frame.js');

const FD = 41;
const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

/** A connection whose system takes as many bytes as there is room for. */
class FakeTcp extends Writable {
  readonly wire: Buffer[] = [];
  readonly _handle = { fd: FD };
  readonly encrypted: boolean;
  /** Bytes that the system takes before it is full. */
  room = Number.POSITIVE_INFINITY;
  straight = 0;
  #waiting: { bytes: Buffer; written: () => void } | undefined;

  constructor({ encrypted = false } = {}) {
    super({ highWaterMark: 16_384 });
    this.encrypted = encrypted;
    system.write = (fd, bytes) => this.#writeStraight(fd, bytes);
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, written: () => void): void {
    const taken = this.#take(bytes);
    if (taken === bytes.length) written();
    else this.#waiting = { bytes: bytes.subarray(taken), written };
  }

  /** Node hears that there is room, some time after there is. */
  poll(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this._write(waiting.bytes, 'binary', waiting.written);
  }

  #writeStraight(fd: number, bytes: Buffer): number {
    if (fd !== FD) throw Object.assign(new Error('EBADF'), { code: 'EBADF' });
    if (bytes.length > 0 && this.room === 0) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
    const taken = this.#take(bytes);
    this.straight += taken;
    return taken;
  }

  #take(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.room);
    this.wire.push(bytes.subarray(0, taken));
    this.room -= taken;
    return taken;
  }

  /** The first letter of each message that is there as a whole. */
  get heard(): string {
    const bytes = Buffer.concat(this.wire);
    let letters = '';
    for (let at = 0; at < bytes.length; ) {
      expect(bytes[at]).toBe(0x81);
      const short = bytes[at + 1]!;
      const [length, header] =
        short < 126 ? [short, 2] : short === 126 ? [bytes.readUInt16BE(at + 2), 4] : [Number(bytes.readBigUInt64BE(at + 2)), 10];
      if (at + header + length > bytes.length) break;
      letters += String.fromCharCode(bytes[at + header]!);
      at += header + length;
    }
    return letters;
  }
}

function open(tcp = new FakeTcp()) {
  const turn = new Turn({ windowMs: 0 });
  const congestion: boolean[] = [];
  const host: SenderHost = {
    turn,
    onCongestion: (one: TurnSender) => congestion.push(one.congested),
    onWaiting: () => {},
    straightBytes: 0,
  };
  const sender = new Sender(host, tcp as never, {});
  const group = { members: [sender], frames: [], places: [] };
  return { tcp, turn, host, sender, group, congestion };
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('one' as const, 'room' as const), bytes: fc.constantFrom(1, 10, 200, 5_000, 70_000) }),
  },
  { weight: 3, arbitrary: fc.constantFrom({ do: 'turn' as const }, { do: 'poll' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('full' as const), room: fc.constantFrom(0, 1, 100, 6_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), bytes: fc.constantFrom(1, 3_000, 1_000_000) }) },
);

test('whatever part of a write the system takes, a connection hears all in its order, and whoever waits for a message is told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { tcp, turn, host, sender, group, congestion } = open();
      await turnEnd();
      let expected = '';
      let told = '';
      for (const one of steps) {
        if (one.do === 'turn') await turnEnd();
        else if (one.do === 'full') tcp.room = Math.min(tcp.room, one.room);
        else if (one.do === 'poll') tcp.poll();
        else if (one.do === 'read') tcp.room += one.bytes;
        else {
          const letter = String.fromCharCode(97 + (expected.length % 26));
          expected += letter;
          // One that does not keep up is in no group.
          if (one.do === 'room' && !sender.congested) {
            turn.toGroup(group, new MessageFrame(letter.repeat(one.bytes)));
            told += letter;
          } else sender.send(letter.repeat(one.bytes), {}, () => (told += letter));
        }
      }
      await turnEnd();
      tcp.room = Number.POSITIVE_INFINITY;
      tcp.poll();
      await turnEnd();
      expect(tcp.heard).toBe(expected);
      expect([...told].sort()).toEqual([...expected].sort());
      expect(sender.congested).toBe(false);
      expect(congestion).toEqual(congestion.map((_, index) => index % 2 === 0));
      expect(host.straightBytes).toBe(tcp.straight);
    }),
    { numRuns: 300 },
  );
});

test('what the system does not take counts as waiting, and congests a connection past 64 KiB', async () => {
  const { tcp, sender } = open();
  await turnEnd();
  tcp.room = 100;
  sender.send('a'.repeat(60_000), {});
  await turnEnd();
  expect([tcp.writableLength, sender.congested]).toEqual([60_004 - 100, false]);
  sender.send('b'.repeat(10_000), {});
  await turnEnd();
  expect(sender.congested).toBe(true);
});

test('what waits in the stream when an upgrade is answered goes out before the answer', async () => {
  const { host } = open();
  const tcp = new FakeTcp();
  tcp.room = 0;
  tcp.write(Buffer.from([0x81, 1, 'p'.charCodeAt(0)]));
  tcp.room = Number.POSITIVE_INFINITY;
  new Sender(host, tcp as never, {}, new MessageFrame('a'));
  await turnEnd();
  tcp.poll();
  await turnEnd();
  expect(tcp.heard).toBe('pa');
});

test('a TLS connection is never written to past its stream', async () => {
  const { tcp, host, sender } = open(new FakeTcp({ encrypted: true }));
  for (let n = 0; n < 3; n++) {
    sender.send('a', {});
    await turnEnd();
  }
  expect(tcp.heard).toBe('aaa');
  expect([tcp.straight, host.straightBytes]).toEqual([0, 0]);
});

test('whatever error a write past the stream meets, the stream meets it too, and says so', async () => {
  const { tcp, host, sender } = open();
  await turnEnd();
  const errors: Error[] = [];
  tcp.on('error', (error) => errors.push(error));
  const broken = Object.assign(new Error('EPIPE'), { code: 'EPIPE' });
  system.write = () => {
    throw broken;
  };
  tcp._write = (_bytes, _encoding, written: (error?: Error) => void) => written(broken);
  sender.send('a', {});
  await turnEnd();
  await turnEnd();
  expect(errors).toEqual([broken]);
  expect(host.straightBytes).toBe(0);
  // It is gone: nobody is harmed by what is sent to it.
  sender.send('b', {});
  await turnEnd();
  expect(tcp.wire).toEqual([]);
});
