import { useEffect, useState } from 'preact/hooks';
import { formatRoute, parseRoute, type Route } from './route.js';

/** The route of the page's address, as it changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const update = () => setHash(location.hash);
    addEventListener('hashchange', update);
    return () => removeEventListener('hashchange', update);
  }, []);
  return parseRoute(hash);
}

export function navigate(route: Route): void {
  location.hash = formatRoute(route);
}

/** Milliseconds without a change after which the address is written: that costs as much as a paint, which typing would feel. */
const SETTLED_MS = 250;

/** Writes how the page shows what it shows into the address, for a reload or a link; nothing is loaded by that, and no step back is added. */
export function useNotedRoute(route: Route): void {
  const address = formatRoute(route);
  useEffect(() => {
    const timer = setTimeout(() => history.replaceState(history.state, '', address), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [address]);
}
