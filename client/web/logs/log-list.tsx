import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../ui/icon.js';
import { LogDetail } from './log-detail.js';
import type { LogFeed, LogView } from './log-feed.js';
import { LogRow } from './log-row.js';
import type { HeldLine } from './log-tail.js';
import { OVERSCAN_MOVING, visibleRows } from './virtual.js';

/** Height of a row in pixels; the style sheet has the same. */
const ROW_PX = 24;
/** Pixels from the end within which the list follows it. */
const FOLLOW_PX = 30;

interface LogListProps {
  feed: LogFeed;
  view: LogView;
  /** Words to mark, in lower case. */
  words: readonly string[];
  onFilter: (name: string, value: string, absent: boolean) => void;
}

/**
 * The lines, of which only those in sight are in the page. It follows the newest until one scrolls up: then new lines wait, so that what is
 * read stays.
 */
export function LogList({ feed, view, words, onFilter }: LogListProps) {
  const lines = feed.tail.shown;
  const list = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  const [selected, setSelected] = useState<HeldLine | undefined>(undefined);
  const anchor = useRef({ id: 0, offset: 0 });
  const followed = useRef(-1);
  const following = view.paused === undefined;

  const measure = () => {
    const element = list.current;
    if (!element) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    setSeen({ top: scrollTop, height: clientHeight });
    const top = Math.floor(scrollTop / ROW_PX);
    anchor.current = { id: lines.at(top)?.id ?? 0, offset: scrollTop - top * ROW_PX };
    return scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
  };
  const scrolled = () => {
    const atEnd = measure();
    if (!atEnd && following) feed.pause('scroll');
    if (atEnd && view.paused === 'scroll') feed.resume();
  };
  useEffect(() => {
    const element = list.current!;
    const observer = new ResizeObserver(() => {
      measure();
      if (feed.view.get().paused === undefined) element.scrollTop = feed.tail.shown.length * ROW_PX;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [feed]);
  useLayoutEffect(() => {
    const element = list.current!;
    if (following) {
      // A full tail is as long as before: to say so again would have the page laid out at once.
      if (followed.current !== lines.length) element.scrollTop = lines.length * ROW_PX;
      followed.current = lines.length;
    } else {
      followed.current = -1;
      // Lines that were let go or filtered out above must not move the ones being read.
      const top = lines.firstNot(({ id }) => id < anchor.current.id);
      element.scrollTop = top * ROW_PX + anchor.current.offset;
    }
  }, [view, following]);

  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') setSelected(undefined);
    if (event.key === 'Enter' && event.target === list.current) choose(following ? lines.length - 1 : Math.ceil(seen.top / ROW_PX));
    if (!step || !selected) return;
    event.preventDefault();
    choose(lines.firstNot(({ id }) => id < selected.id) + step);
  };
  /** Opens the line at an index, and scrolls no further than until it is seen. */
  const choose = (at: number) => {
    const held = lines.at(at);
    if (!held) return;
    setSelected(held);
    const element = list.current!;
    const lowest = at * ROW_PX;
    element.scrollTop = Math.min(lowest, Math.max(element.scrollTop, lowest + ROW_PX - element.clientHeight));
  };
  // A list that follows is at its end, wherever it was when it was last measured.
  const top = following ? Math.max(0, lines.length * ROW_PX - seen.height) : seen.top;
  const { first, end } = visibleRows(lines.length, ROW_PX, top, seen.height, following ? OVERSCAN_MOVING : undefined);
  return (
    <div class="log-frame">
      <div class="log-view">
        <div
          class="log-list scrolls"
          ref={list}
          onScroll={scrolled}
          onKeyDown={move}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          tabIndex={0}
          role="log"
          aria-label="Log lines: Enter opens one, the arrow keys the next ones, Escape closes it"
          aria-live="off"
          data-testid="log-list"
        >
          <div class="log-height" style={{ height: `${lines.length * ROW_PX}px` }}>
            <div class="log-rows" style={{ transform: `translateY(${first * ROW_PX}px)` }}>
              {/* Rows have no keys: what is in the page stays there, and is written anew. */}
              {lines.slice(first, end).map((held) => (
                <LogRow
                  held={held}
                  words={words}
                  selected={held.id === selected?.id}
                  onSelect={(chosen) => setSelected(chosen.id === selected?.id ? undefined : chosen)}
                />
              ))}
            </div>
          </div>
        </div>
        {!following && (
          <button type="button" class="to-newest" onClick={feed.resume} data-testid="log-follow">
            <Icon name="down" />
            Follow
          </button>
        )}
      </div>
      {selected && <LogDetail held={selected} onClose={() => setSelected(undefined)} onFilter={onFilter} />}
    </div>
  );
}
