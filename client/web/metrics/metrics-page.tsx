import { useEffect, useMemo, useState } from 'preact/hooks';
import type { RoomName } from '../../../shared/rooms.js';
import { beforePaint } from '../lib/frame-batch.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Empty, Refused } from '../ui/empty.js';
import { Icon } from '../ui/icon.js';
import { RoomPicker } from '../ui/room-picker.js';
import { Segments } from '../ui/segments.js';
import { useThemeVersion } from '../ui/use-theme-version.js';
import { Chart } from './chart.js';
import { createChartBoard } from './chart-board.js';
import { KNOWN_ROOMS } from './known-panels.js';
import { joinMetricRoom } from './metric-feed.js';
import { panelsOf } from './panels.js';

const WINDOWS = [
  [60_000, '1 min'],
  [5 * 60_000, '5 min'],
  [15 * 60_000, '15 min'],
] as const;

/** The charts of one metric room. */
export function MetricsPage({ name }: { name: string }) {
  const [windowMs, setWindowMs] = useState<number>(5 * 60_000);
  const [paused, setPaused] = useState(false);
  return (
    <>
      <header class="page-header">
        <h1>Metrics</h1>
        <RoomPicker page="metrics" name={name} own={['host', 'hub']} />
        <span class="spacer" />
        <Segments label="Time shown" options={WINDOWS} value={windowMs} onChange={setWindowMs} />
        <button type="button" class="button small" aria-pressed={paused} onClick={() => setPaused(!paused)} data-testid="metrics-pause">
          <Icon name={paused ? 'play' : 'pause'} />
          {paused ? 'Resume' : 'Pause'}
        </button>
      </header>
      <Charts key={name} room={`metrics:${name}`} windowMs={windowMs} paused={paused} />
    </>
  );
}

function Charts({ room, windowMs, paused }: { room: RoomName; windowMs: number; paused: boolean }) {
  const { hub, http, toasts } = useSession();
  const theme = useThemeVersion();
  const { feed, board } = useMemo(() => {
    const joined = joinMetricRoom(hub, http, room);
    return { feed: joined, board: createChartBoard(joined.newest, beforePaint()) };
  }, [hub, room]);
  const names = useStore(feed.names);
  const state = useStore(feed.state);
  const panels = useMemo(() => panelsOf(names, KNOWN_ROOMS[room]), [names, room]);

  useEffect(() => {
    const off = feed.onChange(board.touch);
    return () => {
      off();
      board.close();
      feed.leave();
    };
  }, [feed, board]);
  useEffect(() => board.pause(paused), [board, paused]);
  useEffect(() => {
    if (names.length > 0) feed.reachBack(windowMs).catch((error: Error) => toasts.show(error.message));
  }, [feed, windowMs, names.length > 0]);

  if (state.kind === 'refused') {
    return <Refused title="The hub does not show you this room" error={state.error} />;
  }
  if (panels.length === 0) {
    return (
      <Empty icon="metrics" title={state.kind === 'live' ? 'No samples yet' : 'Joining the room'}>
        {state.kind === 'live' && 'Charts appear with the first samples that arrive.'}
      </Empty>
    );
  }
  return (
    <div class="page-body scrolls">
      <div class="charts" data-testid="charts" data-paused={paused}>
        {panels.map((panel) => (
          <Chart key={panel.id} panel={panel} feed={feed} board={board} windowMs={windowMs} theme={theme} />
        ))}
      </div>
    </div>
  );
}
