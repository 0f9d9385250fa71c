import { formatRoute } from '../route.js';
import { useSession } from '../session-context.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { useCopy } from '../ui/use-copy.js';
import { dashboardToText } from './dashboard.js';
import { OWN, SHARED } from './dashboard-choice.js';
import { SeriesFilter } from './series-filter.js';
import type { SeriesChoice, SeriesIndex } from './series-index.js';
import type { ShownDashboard } from './use-dashboard.js';
import { type ViewState, writeViewState } from './view-state.js';

interface DashboardBarProps {
  room: string;
  dashboard: ShownDashboard;
  index: SeriesIndex;
  choice: SeriesChoice;
  state: ViewState;
  onChoose: (id: string) => void;
  onFilter: (choice: SeriesChoice) => void;
}

/** Which dashboard is shown, of which series, and what can be done with it. */
export function DashboardBar({ room, dashboard, index, choice, state, onChoose, onFilter }: DashboardBarProps) {
  const { choices, shown } = dashboard;
  return (
    <>
      <select
        class="input room-picker"
        aria-label="Dashboard"
        value={shown.id}
        onChange={(event) => onChoose(event.currentTarget.value)}
        data-testid="dashboard-picker"
      >
        {choices.map(({ id, dashboard: { title } }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
      <SeriesFilter index={index} choice={choice} onChange={onFilter} />
      <DashboardMenu room={room} dashboard={dashboard} state={state} />
    </>
  );
}

function DashboardMenu({ room, dashboard: { shown, panels, edit, keep }, state }: Pick<DashboardBarProps, 'room' | 'dashboard' | 'state'>) {
  const { toasts } = useSession();
  const copy = useCopy();
  const share = async () => {
    const query = writeViewState({ ...state, dashboard: undefined });
    query.set('board', dashboardToText({ title: shown.dashboard.title, panels: panels.map(({ spec }) => spec) }));
    const link = new URL(formatRoute({ page: 'metrics', name: room, query: `${query}` }), location.href).href;
    if (await copy(link)) toasts.show('The link to these panels is copied.', 'note');
  };
  return (
    <Menu icon="more" label="Panels" testId="dashboard-menu" closes iconOnly>
      <button type="button" class="menu-item" onClick={() => edit()} data-testid="panel-add">
        <Icon name="plus" />
        Add a panel
      </button>
      <button type="button" class="menu-item" onClick={() => void share()} data-testid="dashboard-share">
        <Icon name="copy" />
        Copy a link to these panels
      </button>
      {shown.id === SHARED && (
        <button type="button" class="menu-item" onClick={() => keep({ ...shown.dashboard, title: 'My dashboard' })}>
          <Icon name="download" />
          Keep them in this browser
        </button>
      )}
      {shown.id === OWN && (
        <button type="button" class="menu-item" onClick={() => keep(undefined)} data-testid="dashboard-reset">
          <Icon name="retry" />
          Back to the ready panels
        </button>
      )}
    </Menu>
  );
}
