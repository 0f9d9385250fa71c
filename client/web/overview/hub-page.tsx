import { ConnectSnippets } from './connect-snippets.js';
import { ConnectionCard } from './connection-card.js';
import { Figures } from './figures.js';
import { RoomsTable } from './rooms-table.js';

/** The hub at a glance: this page's connection, what the hub does right now, its rooms, and how to connect something else. */
export function HubPage() {
  return (
    <>
      <header class="page-header">
        <h1>Hub</h1>
        <span class="muted">{location.host}</span>
      </header>
      <div class="page-body scrolls">
        <div class="overview">
          <Figures />
          <ConnectionCard />
          <RoomsTable />
          <ConnectSnippets />
        </div>
      </div>
    </>
  );
}
