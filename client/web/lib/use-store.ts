import { useEffect, useRef, useState } from 'preact/hooks';
import type { Store } from './store.js';

/** The store's value, or a part of it; the component renders again only when that part is another one. */
export function useStore<State>(store: Store<State>): State;
export function useStore<State, Part>(store: Store<State>, select: (state: State) => Part): Part;
export function useStore<State>(store: Store<State>, select: (state: State) => unknown = (state) => state): unknown {
  const [, setPart] = useState<unknown>(undefined);
  const selectNow = useRef(select);
  selectNow.current = select;
  useEffect(() => {
    const update = () => {
      const part = selectNow.current(store.get());
      setPart(() => part);
    };
    update();
    return store.subscribe(update);
  }, [store]);
  return select(store.get());
}
