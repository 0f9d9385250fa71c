import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import { displayName } from './display-name.js';
import { type Grants, type Principal, SYSTEM } from './principal.js';

/** Ids that are the hub's to give: a token for one of them would let its bearer pass for somebody else. */
const isReserved = (id: string): boolean => id === SYSTEM.user.id || id.startsWith('guest-');

const pattern = z
  .string()
  .regex(/^[^\s,{}*]{0,161}\*?$/, 'a pattern is a room name or a prefix with * at its end')
  .min(1);
const patterns = z.array(pattern).max(200).default([]);

/** What the hub reads of a token; other claims are the application's. */
const claimsSchema = z.object({
  sub: z
    .string()
    .min(1)
    .max(BOUNDS.userIdChars)
    .regex(/^[^\p{C}\s]+$/u, 'sub holds no blanks or controls')
    .refine((id) => !isReserved(id), 'sub is one of the ids that the hub gives itself (hub, guest-…)'),
  name: z.unknown().optional(),
  admin: z.boolean().default(false),
  rooms: z.object({ read: patterns, write: patterns, ingest: patterns }).default({ read: [], write: [], ingest: [] }),
  exp: z.number().optional(),
});

/** The claims of a token as somebody mints them. */
export interface TokenClaims {
  /** The user's id. */
  sub: string;
  name?: string;
  admin?: boolean;
  rooms?: Partial<Grants>;
}

/** @throws HubError `unauthorized` naming the claim that is wrong */
export function principalFrom(claims: unknown): Principal {
  const parsed = claimsSchema.safeParse(claims);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HubError('unauthorized', `the token's claim ${issue?.path.join('.') || '(all)'} is wrong: ${issue?.message}`);
  }
  const { sub, name, admin, rooms, exp } = parsed.data;
  const user = { id: sub, name: displayName(name) ?? displayName(sub) ?? sub.slice(0, BOUNDS.userNameChars) };
  return { user, guest: false, admin, grants: rooms, ...(exp === undefined ? {} : { expiresAt: exp * 1_000 }) };
}
