import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Session } from './session.js';

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session that the shell opened; a page is only ever rendered inside of it. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('a page outside of the shell');
  return session;
}
