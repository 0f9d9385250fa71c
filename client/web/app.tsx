import { useEffect, useState } from 'preact/hooks';
import { ChatPage } from './chat/chat-page.js';
import { JobsPage } from './jobs/jobs-page.js';
import { LogsPage } from './logs/logs-page.js';
import { MetricsPage } from './metrics/metrics-page.js';
import { HubPage } from './overview/hub-page.js';
import { formatRoute, type Route } from './route.js';
import { openSession } from './session.js';
import { SessionContext } from './session-context.js';
import { applyTheme, loadSettings, type Settings, saveSettings } from './settings.js';
import { Banner } from './shell/banner.js';
import { Nav } from './shell/nav.js';
import { SettingsDialog } from './shell/settings-dialog.js';
import { ToastList } from './shell/toast-list.js';
import { useTitle } from './shell/use-title.js';
import { useRoute } from './use-route.js';

/** The frame around the pages: who one is, whether the hub is reached, and which page is shown. */
export function App() {
  const route = useRoute();
  const [settings, setSettings] = useState(loadSettings);
  const [session, setSession] = useState(() => openSession(settings));
  const [settingsOpen, setSettingsOpen] = useState(false);

  useTitle(route, session);
  useEffect(() => applyTheme(settings.theme), [settings.theme]);
  const change = (next: Settings) => {
    saveSettings(next);
    setSettings(next);
    setSettingsOpen(false);
    if (next.name === settings.name && next.token === settings.token) return;
    void session.close().then(() => setSession(openSession(next)));
  };

  // A new session renders everything anew: whatever a page holds belongs to the connection it came from.
  return (
    <SessionContext.Provider value={session}>
      <div class="shell" key={session.id}>
        <Nav route={route} onSettings={() => setSettingsOpen(true)} />
        <Banner onSettings={() => setSettingsOpen(true)} />
        <main class="page">
          <PageOf route={route} />
        </main>
        <ToastList />
        {settingsOpen && <SettingsDialog settings={settings} onSave={change} onClose={() => setSettingsOpen(false)} />}
      </div>
    </SessionContext.Provider>
  );
}

function PageOf({ route }: { route: Route }) {
  switch (route.page) {
    case 'chat':
      return <ChatPage name={route.name} />;
    case 'metrics':
      return <MetricsPage key={formatRoute(route)} name={route.name} query={route.query} />;
    case 'logs':
      return <LogsPage key={route.name} name={route.name} query={route.query} />;
    case 'jobs':
      return <JobsPage />;
    case 'hub':
      return <HubPage />;
  }
}
