import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LogLevel } from '../../../shared/schemas.js';
import { beforePaint } from '../lib/frame-batch.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { CodeSnippet } from '../ui/code-snippet.js';
import { Empty, Refused } from '../ui/empty.js';
import { Icon } from '../ui/icon.js';
import { RoomPicker } from '../ui/room-picker.js';
import { useNotedRoute } from '../use-route.js';
import { LEVELS, NO_FILTER, type WrittenFilter, withField, wordsOf } from './line-filter.js';
import { joinLogRoom } from './log-feed.js';
import { LogList } from './log-list.js';

const WHOLE = new Intl.NumberFormat();

/** A log room's live tail. */
export function LogsPage({ name, query = '' }: { name: string; query?: string | undefined }) {
  const { hub } = useSession();
  const [filter, setFilter] = useState(() => readFilter(query));
  const feed = useMemo(() => joinLogRoom({ hub, room: `logs:${name}`, filter, schedule: beforePaint() }), [hub, name]);
  useEffect(() => feed.leave, [feed]);
  const view = useStore(feed.view);
  const state = useStore(feed.state);
  const words = useMemo(() => wordsOf(filter.text), [filter]);
  useEffect(() => setFilter(readFilter(query)), [query]);
  useEffect(() => feed.filter(filter), [feed, filter]);
  useNotedRoute({ page: 'logs', name, query: writeFilter(filter) });
  const { tail } = feed;
  return (
    <>
      <header class="page-header">
        <h1>Logs</h1>
        <RoomPicker page="logs" name={name} own={['hub']} />
        <FilterFields filter={filter} onChange={setFilter} />
        <span class="spacer" />
        <span class="muted numbers log-count" data-testid="log-count">
          {tail.shown.length === tail.length ? '' : `${WHOLE.format(tail.shown.length)} of `}
          {WHOLE.format(tail.length)} lines
        </span>
        <button type="button" class="button small log-clear" onClick={feed.clear}>
          Clear
        </button>
        <PauseButton
          paused={view.paused !== undefined}
          waiting={tail.waiting}
          onPause={() => feed.pause('button')}
          onResume={feed.resume}
        />
      </header>
      {view.gaps > 0 && <p class="banner">Lines were missed while this page was away. What the hub still has of them is in the log.</p>}
      {view.skipped > 0 && (
        <p class="banner" data-testid="log-skipped">
          Too many lines for this page: {WHOLE.format(view.skipped)} were left out here. They are in the log; a filter makes them fewer.
        </p>
      )}
      {state.kind === 'refused' ? (
        <Refused title="The hub does not show you this room" error={state.error} />
      ) : tail.shown.length > 0 ? (
        <LogList
          feed={feed}
          view={view}
          words={words}
          onFilter={(field, value, absent) => setFilter({ ...filter, text: withField(filter.text, field, value, absent) })}
        />
      ) : tail.length > 0 ? (
        <Empty icon="logs" title="No line passes the filter">
          Choose a lower level or fewer words.
        </Empty>
      ) : (
        <NoLines name={name} joining={state.kind === 'joining'} />
      )}
    </>
  );
}

function readFilter(address: string): WrittenFilter {
  const query = new URLSearchParams(address);
  return { level: LEVELS.find((level) => level === query.get('level')) ?? NO_FILTER.level, text: query.get('filter') ?? NO_FILTER.text };
}

function writeFilter({ level, text }: WrittenFilter): string {
  return `${new URLSearchParams({ ...(level !== NO_FILTER.level && { level }), ...(text !== NO_FILTER.text && { filter: text }) })}`;
}

interface PauseButtonProps {
  paused: boolean;
  /** Lines that came meanwhile. */
  waiting: number | undefined;
  onPause: () => void;
  onResume: () => void;
}

function PauseButton({ paused, waiting, onPause, onResume }: PauseButtonProps) {
  return (
    <button type="button" class="button small" aria-pressed={paused} onClick={paused ? onResume : onPause} data-testid="logs-pause">
      <Icon name={paused ? 'play' : 'pause'} />
      {paused ? `Resume${waiting ? ` (${WHOLE.format(waiting)} new)` : ''}` : 'Pause'}
    </button>
  );
}

/** How the first lines are sent. */
function NoLines({ name, joining }: { name: string; joining: boolean }) {
  const { http } = useSession();
  if (joining) return <Empty icon="logs" title="Joining the room" />;
  const url = http.url(`api/ingest/logs:${encodeURIComponent(name)}`);
  const code = `curl '${url}' \\\n  -H 'Content-Type: text/plain' -d 'hello from curl'\n\ntail -f app.log | curl -T - '${url}'`;
  return (
    <Empty icon="logs" title="No lines yet">
      They appear here as they are written. These send one, and all that a file gets:
      <CodeSnippet code={code} />
    </Empty>
  );
}

function FilterFields({ filter, onChange }: { filter: WrittenFilter; onChange: (filter: WrittenFilter) => void }) {
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
        placeholder="words, field=value*, -without"
        title={'Lines whose text has all the words, and whose fields are as said: path=/api* status=500 -debug "two words"'}
        aria-label="Filter lines by words and by field=value; a minus excludes"
        value={filter.text}
        onInput={(event) => onChange({ ...filter, text: event.currentTarget.value })}
        data-testid="log-filter"
      />
    </>
  );
}
