import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { clockSeconds } from '../lib/format.js';
import { Icon } from '../ui/icon.js';
import { LogDetail } from './log-detail.js';
import type { ShownLine } from './log-state.js';
import { visibleRows } from './virtual.js';

/** Height of a row in pixels; the style sheet has the same. */
const ROW_PX = 24;
/** Pixels from the end within which the list follows it. */
const FOLLOW_PX = 30;

/** The lines, of which only those in sight are in the page. It follows the newest until one scrolls up. */
export function LogList({ lines }: { lines: readonly ShownLine[] }) {
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [following, setFollowing] = useState(true);
  const [selected, setSelected] = useState<ShownLine | undefined>(undefined);
  const anchor = useRef({ id: 0, offset: 0 });

  const measure = () => {
    const element = list.current;
    if (!element) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < FOLLOW_PX);
    const top = Math.floor(element.scrollTop / ROW_PX);
    anchor.current = { id: lines[top]?.id ?? 0, offset: element.scrollTop - top * ROW_PX };
  };
  useEffect(() => {
    const observer = new ResizeObserver(measure);
    observer.observe(list.current!);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = list.current!;
    if (following) element.scrollTop = element.scrollHeight;
    else {
      // Lines that were let go or filtered out above must not move the ones being read.
      const top = lines.findIndex(({ id }) => id >= anchor.current.id);
      if (top >= 0) element.scrollTop = top * ROW_PX + anchor.current.offset;
    }
  }, [lines, following]);

  const { first, end } = visibleRows(lines.length, ROW_PX, view.top, view.height);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') setSelected(undefined);
    if (!step || !selected) return;
    event.preventDefault();
    const next = lines[lines.indexOf(selected) + step];
    if (next) setSelected(next);
  };
  return (
    <div class="log-frame">
      <div
        class="log-list scrolls"
        ref={list}
        onScroll={measure}
        onKeyDown={move}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        role="log"
        aria-label="Log lines"
        aria-live="off"
        data-testid="log-list"
      >
        <div class="log-height" style={{ height: `${lines.length * ROW_PX}px` }}>
          <div class="log-rows" style={{ transform: `translateY(${first * ROW_PX}px)` }}>
            {lines.slice(first, end).map((line) => (
              <LogRow
                key={line.id}
                line={line}
                selected={line === selected}
                onSelect={() => setSelected(line === selected ? undefined : line)}
              />
            ))}
          </div>
        </div>
      </div>
      {!following && (
        <button type="button" class="to-newest" onClick={() => setFollowing(true)} data-testid="log-follow">
          <Icon name="down" />
          Follow
        </button>
      )}
      {selected && <LogDetail line={selected} onClose={() => setSelected(undefined)} />}
    </div>
  );
}

function LogRow({ line, selected, onSelect }: { line: ShownLine; selected: boolean; onSelect: () => void }) {
  const level = line.level ?? 'info';
  return (
    <button type="button" class={`log-row level-${level}`} aria-expanded={selected} tabIndex={-1} onClick={onSelect} data-testid="log-line">
      <span class="log-time numbers">{clockSeconds(line.time)}</span>
      <span class="log-level">{line.level ?? ''}</span>
      <span class="log-text">
        {line.source && <span class="log-source">{line.source} </span>}
        {line.text}
        {line.fields.map(([name, value]) => (
          <span key={name} class="log-field">
            {' '}
            {name}=<b>{value}</b>
          </span>
        ))}
      </span>
    </button>
  );
}
