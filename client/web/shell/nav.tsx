import type { HubState } from '../../sdk/roomcast.js';
import { useStore } from '../lib/use-store.js';
import { formatRoute, PAGES, type Page, parseRoute, type Route } from '../route.js';
import { useSession } from '../session-context.js';
import { Avatar } from '../ui/avatar.js';
import { Icon } from '../ui/icon.js';

const TITLES: Record<Page, string> = { chat: 'Chat', metrics: 'Metrics', logs: 'Logs', jobs: 'Jobs', hub: 'Hub' };
export const STATE_TEXT: Record<HubState, string> = { connecting: 'Connecting', online: 'Online', offline: 'Offline', closed: 'Closed' };

/** The pages, and whose they are: beside the page, or below it on a phone. */
export function Nav({ route, onSettings }: { route: Route; onSettings: () => void }) {
  const { chats } = useSession();
  const unread = useStore(chats.unread, (counts) => [...counts.values()].reduce((sum, count) => sum + count, 0));
  return (
    <nav class="nav" aria-label="Pages">
      <a class="brand" href="#/hub">
        <img src="./icon.svg" alt="" />
        <span>Roomcast</span>
      </a>
      <div class="nav-links">
        {PAGES.map((page) => (
          <a
            key={page}
            class="nav-link"
            href={page === route.page ? formatRoute(route) : formatRoute(parseRoute(page))}
            aria-current={page === route.page ? 'page' : undefined}
            data-testid={`nav-${page}`}
          >
            <Icon name={page} />
            <span>{TITLES[page]}</span>
            {page === 'chat' && route.page !== 'chat' && unread > 0 && (
              <span class="badge">
                {unread > 99 ? '99+' : unread}
                <span class="visually-hidden"> unread messages</span>
              </span>
            )}
          </a>
        ))}
      </div>
      <Account onSettings={onSettings} />
    </nav>
  );
}

function Account({ onSettings }: { onSettings: () => void }) {
  const { user, state } = useSession();
  const who = useStore(user);
  const now = useStore(state);
  return (
    <button type="button" class="account" onClick={onSettings} data-testid="account" title="Name, access and appearance">
      <span class="account-face">
        <Avatar user={who ?? { id: '', name: '…' }} />
        <span class={`dot ${now}`} />
      </span>
      <span class="account-text">
        <strong data-testid="user-name">{who?.name ?? 'Not signed in'}</strong>
        <span role="status" data-testid="connection-state" data-state={now}>
          {STATE_TEXT[now]}
        </span>
      </span>
    </button>
  );
}
