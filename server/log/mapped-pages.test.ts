import { expect, test } from '@jest/globals';
import { mappingsOf } from './mapped-pages.js';

const MAPS = `00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/node
7f1000000000-7f1000021000 rw-p 00000000 00:00 0
7f2000000000-7f2000020000 r--s 00000000 fe:00 42                         /data/my rooms/log/data.mdb
7f3000000000-7f3000100000 r--s 00000000 fe:00 42                         /data/my rooms/log/data.mdb
7f4000000000-7f4000001000 rw-s 00000000 fe:00 42                         /data/my rooms/log/data.mdb
7f5000000000-7f5000001000 r--p 00000000 fe:00 42                         /data/my rooms/log/data.mdb
7f6000000000-7f6000001000 r--s 00000000 fe:00 43                         /other/data/my rooms/log/data.mdb
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]
`;

test('a file lies where it is mapped to be read and shared: no private memory, none that is written, no other file', () => {
  expect(mappingsOf('/data/my rooms/log/data.mdb', MAPS)).toEqual([
    { address: 0x7f2000000000n, bytes: 0x20000n },
    { address: 0x7f3000000000n, bytes: 0x100000n },
  ]);
  expect(mappingsOf('/data/absent/data.mdb', MAPS)).toEqual([]);
});
