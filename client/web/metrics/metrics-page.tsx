import { useEffect, useMemo, useState } from 'preact/hooks';
import type { RoomName } from '../../../shared/rooms.js';
import { beforePaint } from '../lib/frame-batch.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { CodeSnippet } from '../ui/code-snippet.js';
import { Empty, Refused } from '../ui/empty.js';
import { RoomPicker } from '../ui/room-picker.js';
import { useThemeVersion } from '../ui/use-theme-version.js';
import { useNotedRoute } from '../use-route.js';
import { createChartBoard } from './chart-board.js';
import { DashboardBar } from './dashboard-bar.js';
import { sharedDashboard } from './dashboard-choice.js';
import { joinMetricRoom } from './metric-feed.js';
import { PanelCard } from './panel-card.js';
import { PanelEditor } from './panel-editor.js';
import { SeriesIndex } from './series-index.js';
import { TimeControls } from './time-controls.js';
import { live, type TimeRange, zoomTo } from './time-view.js';
import { useDashboard } from './use-dashboard.js';
import { useHistory } from './use-history.js';
import { readViewState, type ViewState, writeViewState } from './view-state.js';

/** The charts of one metric room. */
export function MetricsPage({ name, query = '' }: { name: string; query?: string | undefined }) {
  const { hub, http } = useSession();
  const theme = useThemeVersion();
  const asked = useMemo(() => new URLSearchParams(query), [query]);
  const [state, setState] = useState<ViewState>(() => readViewState(asked));
  const { view, choice } = state;
  const { feed, board } = useMemo(() => joinBoard(hub, http, `metrics:${name}`, view), [hub, http, name]);
  const names = useStore(feed.names);
  const room = useStore(feed.state);
  const shared = useMemo(() => sharedDashboard(asked), [asked]);
  const whole = useMemo(() => new SeriesIndex(names), [names]);
  const index = useMemo(() => new SeriesIndex(names, choice), [names, choice]);
  const change = (next: Partial<ViewState>) => setState((before) => ({ ...before, ...next }));
  const choose = (id: string | undefined) => change({ dashboard: id });
  const dashboard = useDashboard({ room: name, whole, index, shared, chosen: state.dashboard, onChoose: choose });
  const past = useHistory(feed, view, dashboard.panels);

  useEffect(() => feed.onChange(board.touch), [feed, board]);
  useEffect(
    () => () => {
      board.close();
      feed.leave();
    },
    [feed, board],
  );
  useEffect(() => board.show(view), [board, view]);
  useEffect(() => {
    if (past === undefined) board.redraw();
  }, [board, past]);
  const written = writeViewState(state);
  if (shared && state.dashboard === undefined) written.set('board', asked.get('board')!);
  useNotedRoute({ page: 'metrics', name, query: `${written}` });

  const zoom = (range?: TimeRange) =>
    setState((before) => ({ ...before, view: range ? zoomTo(before.view, range.from, range.to) : live(before.view) }));
  return (
    <>
      <header class="page-header">
        <h1>Metrics</h1>
        <RoomPicker page="metrics" name={name} own={['host', 'hub']} />
        <DashboardBar
          room={name}
          dashboard={dashboard}
          index={whole}
          choice={choice}
          state={state}
          onChoose={choose}
          onFilter={(next) => change({ choice: next })}
        />
        <span class="spacer" />
        <TimeControls view={view} now={feed.newest} onChange={(next) => change({ view: next })} />
      </header>
      {past instanceof Error && <p class="banner">The hub did not give the past of these series: {past.message}</p>}
      {room.kind === 'refused' ? (
        <Refused title="The hub does not show you this room" error={room.error} />
      ) : names.length === 0 ? (
        <NoSamples name={name} joining={room.kind === 'joining'} />
      ) : (
        <div class="page-body scrolls" aria-busy={past === 'loading'}>
          <div class="charts" data-testid="charts" data-view={view.kind}>
            {dashboard.panels.map((panel, at) => (
              <PanelCard
                key={panel.id}
                panel={panel}
                feed={feed}
                board={board}
                theme={theme}
                onZoom={zoom}
                onEdit={() => dashboard.edit(at)}
              />
            ))}
          </div>
          {dashboard.panels.length === 0 && <Empty icon="search" title="No series passes the filter" />}
        </div>
      )}
      {dashboard.edited && <PanelEditor key={dashboard.edited.at} index={whole} {...dashboard.edited} />}
    </>
  );
}

function joinBoard(
  hub: Parameters<typeof joinMetricRoom>[0],
  http: Parameters<typeof joinMetricRoom>[1],
  room: RoomName,
  view: ViewState['view'],
) {
  const feed = joinMetricRoom(hub, http, room);
  return { feed, board: createChartBoard({ view, now: feed.newest, schedule: beforePaint() }) };
}

/** How the first sample is sent. */
function NoSamples({ name, joining }: { name: string; joining: boolean }) {
  const { http } = useSession();
  if (joining) return <Empty icon="metrics" title="Joining the room" />;
  const url = http.url(`api/ingest/metrics:${encodeURIComponent(name)}`);
  const sample = '{"name":"temperature_celsius","labels":{"place":"desk"},"value":21.5}';
  return (
    <Empty icon="metrics" title="No samples yet">
      Charts appear with the first sample that arrives. This sends one:
      <CodeSnippet code={`curl '${url}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${sample}'`} />
    </Empty>
  );
}
