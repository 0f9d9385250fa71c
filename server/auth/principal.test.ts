import { expect, test } from '@jest/globals';
import { KINDS, parseRoom } from '../../shared/rooms.js';
import { type Action, type Grants, may, type Principal, SYSTEM } from './principal.js';

const NONE: Grants = { read: [], write: [], ingest: [] };
const user = (grants: Partial<Grants> = {}, more: Partial<Principal> = {}): Principal => ({
  user: { id: 'ada', name: 'Ada' },
  guest: false,
  admin: false,
  grants: { ...NONE, ...grants },
  ...more,
});
const allowed = (principal: Principal, action: Action, room: string) => may(principal, action, parseRoom(room, KINDS));

test('without grants, what the kind opens to anyone is open and nothing else', () => {
  expect(allowed(user(), 'read', 'chat:lobby')).toBe(true);
  expect(allowed(user(), 'write', 'chat:lobby')).toBe(true);
  expect(allowed(user(), 'read', 'metrics:web')).toBe(true);
  expect(allowed(user(), 'write', 'metrics:web')).toBe(false);
  expect(allowed(user(), 'ingest', 'metrics:web')).toBe(false);
  expect(allowed(user(), 'ingest', 'chat:lobby')).toBe(false);
});

test('a token with grants for an action is held to them', () => {
  const reader = user({ read: ['chat:team-*', 'logs:api'] });
  expect(allowed(reader, 'read', 'chat:team-blue')).toBe(true);
  expect(allowed(reader, 'read', 'logs:api')).toBe(true);
  expect(allowed(reader, 'read', 'logs:api-2')).toBe(false);
  expect(allowed(reader, 'read', 'chat:lobby')).toBe(false);
  // It says nothing about writing, so the kind decides.
  expect(allowed(reader, 'write', 'chat:lobby')).toBe(true);
  expect(allowed(user({ ingest: ['metrics:*'] }), 'ingest', 'metrics:web')).toBe(true);
});

test('the rooms of a user are read by that user, by an admin, and by a pattern that names the kind', () => {
  expect(allowed(user(), 'read', 'user:ada')).toBe(true);
  expect(allowed(user(), 'write', 'user:ada')).toBe(false);
  expect(allowed(user(), 'read', 'user:bob')).toBe(false);
  expect(allowed(user({ read: ['*'] }), 'read', 'user:bob')).toBe(false);
  expect(allowed(user({ read: ['*'] }), 'read', 'job:1')).toBe(false);
  expect(allowed(user({ read: ['u*'] }), 'read', 'user:bob')).toBe(false);
  expect(allowed(user({ read: ['user:*'] }), 'read', 'user:bob')).toBe(true);
  expect(allowed(user({}, { admin: true }), 'read', 'user:bob')).toBe(true);
  expect(allowed(SYSTEM, 'ingest', 'user:bob')).toBe(true);
});
