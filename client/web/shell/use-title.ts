import { useEffect } from 'preact/hooks';
import { useStore } from '../lib/use-store.js';
import type { Route } from '../route.js';
import type { Session } from '../session.js';

/** The window's title: unread messages, what is shown, and whose page it is. */
export function useTitle(route: Route, { chats }: Session): void {
  const unread = useStore(chats.unread, (counts) => [...counts.values()].reduce((sum, count) => sum + count, 0));
  const page = route.page.charAt(0).toUpperCase() + route.page.slice(1);
  const shown = 'name' in route ? `${route.page === 'chat' ? `#${route.name}` : `${page} ${route.name}`}` : page;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${shown} · Roomcast`;
  }, [unread, shown]);
}
