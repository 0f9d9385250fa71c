import { useEffect, useState } from 'preact/hooks';
import { ERRORS, type HubError } from '../../../shared/errors.js';
import type { HubState } from '../../sdk/roomcast.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';

/** Milliseconds for which a return is told. */
const BACK_MS = 3000;
/** Milliseconds before a slow start is told: most connections stand sooner. */
const PATIENCE_MS = 2500;

/** One line over the page while the hub is not reached, and shortly after it is again. */
export function Banner({ onSettings }: { onSettings: () => void }) {
  const session = useSession();
  const state = useStore(session.state);
  const refusal = useStore(session.refusal);
  const wasOnline = useStore(session.wasOnline);
  const back = useBack(state);
  const slow = useAfter(PATIENCE_MS, state === 'connecting');

  if (state === 'online' && !back) return null;
  const mustSignIn = refusal !== undefined && ERRORS[refusal.code].retry === 'after-auth';
  const { text, tone } = line({ state, refusal, wasOnline, slow });
  if (!text) return null;
  return (
    <div class={`banner ${tone}`} role={tone === 'bad' ? 'alert' : 'status'} data-testid="banner">
      {tone === '' && <span class="spinner" />}
      {text}
      {mustSignIn && (
        <button type="button" class="button small" onClick={onSettings}>
          Enter a token
        </button>
      )}
    </div>
  );
}

interface Situation {
  state: HubState;
  refusal: HubError | undefined;
  wasOnline: boolean;
  slow: boolean;
}

function line({ state, refusal, wasOnline, slow }: Situation): { text: string; tone: '' | 'bad' | 'good' } {
  if (state === 'online') return { text: 'Back online.', tone: 'good' };
  if (refusal && ERRORS[refusal.code].retry !== 'later') return { text: `The hub refuses this page: ${refusal.message}`, tone: 'bad' };
  if (state === 'closed') return { text: 'The connection was closed. Reload the page to connect again.', tone: 'bad' };
  if (wasOnline) return { text: 'Offline. Reconnecting; what you write is kept and sent then.', tone: '' };
  return { text: slow ? 'Connecting to the hub…' : '', tone: '' };
}

/** True for a moment after the connection came back. */
function useBack(state: HubState): boolean {
  const [lost, setLost] = useState(false);
  const back = lost && state === 'online';
  useEffect(() => {
    if (state === 'offline') setLost(true);
    if (!back) return;
    const timer = setTimeout(() => setLost(false), BACK_MS);
    return () => clearTimeout(timer);
  }, [state, back]);
  return back;
}

/** True once `active` has held for `ms`. */
function useAfter(ms: number, active: boolean): boolean {
  const [passed, setPassed] = useState(false);
  useEffect(() => {
    setPassed(false);
    if (!active) return;
    const timer = setTimeout(() => setPassed(true), ms);
    return () => clearTimeout(timer);
  }, [ms, active]);
  return passed;
}
