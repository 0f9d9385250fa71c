import { expect, test } from '@jest/globals';
import type { Principal } from '../auth/principal.js';
import { PlaceShares, placeHolderOf, shareOf } from './place-shares.js';

const tooMany = expect.objectContaining({ code: 'too_many_views', retryAfterMs: 5_000 });

test('[P140] a holder with its share takes no other place, and others still find theirs', () => {
  const shares = new PlaceShares(2, 'filters');
  const release = shares.take('user a', '1');
  shares.take('user a', '2');
  expect(() => shares.take('user a', '3')).toThrow(tooMany);
  shares.take('user b', '3');
  release();
  shares.take('user a', '3');
});

test('[P140] the same place again is no other one, until all who have it gave it back, each once', () => {
  const shares = new PlaceShares(1, 'filters');
  const first = shares.take('user a', '1');
  const second = shares.take('user a', '1');
  first();
  first();
  expect(() => shares.take('user a', '2')).toThrow(tooMany);
  second();
  shares.take('user a', '2');
});

test('guests of one address hold places together, users for themselves', () => {
  const nobody: Principal = { user: { id: 'g1', name: '' }, guest: true, admin: false, grants: { read: [], write: [], ingest: [] } };
  const other = { ...nobody, user: { id: 'g2', name: '' } };
  const at = (principal: Principal, address: string) => placeHolderOf({ ...principal, address });
  expect(at(nobody, '10.0.0.1')).toBe(at(other, '10.0.0.1'));
  expect(at(nobody, '10.0.0.1')).not.toBe(at(nobody, '10.0.0.2'));
  expect(at({ ...nobody, guest: false }, '10.0.0.1')).not.toBe(at({ ...other, guest: false }, '10.0.0.1'));
  // A user's name cannot stand for an address.
  expect(placeHolderOf({ ...nobody, guest: false, user: { id: '10.0.0.1', name: '' } })).not.toBe(at(nobody, '10.0.0.1'));
});

test('a share is a part of the places, and one of them at least', () => {
  expect([shareOf(500, 20), shareOf(200, 20), shareOf(10, 1), shareOf(200, 100)]).toEqual([100, 40, 1, 200]);
});
