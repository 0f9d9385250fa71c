import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LogLevel } from '../../../shared/schemas.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Empty, Refused } from '../ui/empty.js';
import { Icon } from '../ui/icon.js';
import { RoomPicker } from '../ui/room-picker.js';
import { joinLogRoom } from './log-feed.js';
import { LogList } from './log-list.js';
import { filterLines, LEVELS, type LogFilter } from './log-state.js';

const WHOLE = new Intl.NumberFormat();

/** A log room's live tail. */
export function LogsPage({ name }: { name: string }) {
  return <Tail key={name} name={name} />;
}

function Tail({ name }: { name: string }) {
  const { hub } = useSession();
  const feed = useMemo(() => joinLogRoom(hub, `logs:${name}`), [hub, name]);
  useEffect(() => feed.leave, [feed]);
  const log = useStore(feed.log);
  const state = useStore(feed.state);
  const [filter, setFilter] = useState<LogFilter>({ level: 'trace', text: '' });
  const lines = useMemo(() => filterLines(log.lines, filter), [log.lines, filter]);
  const paused = log.held !== undefined;
  return (
    <>
      <header class="page-header">
        <h1>Logs</h1>
        <RoomPicker page="logs" name={name} own={['hub']} />
        <FilterFields filter={filter} onChange={setFilter} />
        <span class="spacer" />
        <span class="muted numbers log-count" data-testid="log-count">
          {lines.length === log.lines.length ? '' : `${WHOLE.format(lines.length)} of `}
          {WHOLE.format(log.lines.length)} lines
        </span>
        <button type="button" class="button small log-clear" onClick={() => feed.dispatch({ kind: 'clear' })}>
          Clear
        </button>
        <button
          type="button"
          class="button small"
          aria-pressed={paused}
          onClick={() => feed.dispatch({ kind: paused ? 'resume' : 'pause' })}
          data-testid="logs-pause"
        >
          <Icon name={paused ? 'play' : 'pause'} />
          {log.held ? `Resume${log.held.length > 0 ? ` (${log.held.length} new)` : ''}` : 'Pause'}
        </button>
      </header>
      {log.gaps > 0 && <p class="banner">Lines were missed while this page was away or too slow.</p>}
      {state.kind === 'refused' ? (
        <Refused title="The hub does not show you this room" error={state.error} />
      ) : lines.length === 0 ? (
        <Empty icon="logs" title={log.lines.length > 0 ? 'No line passes the filter' : 'No lines yet'}>
          {log.lines.length > 0 ? 'Choose a lower level or fewer words.' : 'They appear here as they are written.'}
        </Empty>
      ) : (
        <LogList lines={lines} />
      )}
    </>
  );
}

function FilterFields({ filter, onChange }: { filter: LogFilter; onChange: (filter: LogFilter) => void }) {
  return (
    <>
      <select
        class="input level-picker"
        aria-label="Least level"
        value={filter.level}
        onChange={(event) => onChange({ ...filter, level: event.currentTarget.value as LogLevel })}
        data-testid="log-level"
      >
        {LEVELS.map((level) => (
          <option key={level} value={level}>
            {level === 'trace' ? 'all levels' : `${level} and up`}
          </option>
        ))}
      </select>
      <input
        class="input log-search"
        type="search"
        placeholder="Filter: words, -without"
        aria-label="Filter lines by words; a minus excludes"
        value={filter.text}
        onInput={(event) => onChange({ ...filter, text: event.currentTarget.value })}
        data-testid="log-filter"
      />
    </>
  );
}
