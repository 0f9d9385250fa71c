import { useState } from 'preact/hooks';
import { Icon } from '../ui/icon.js';
import { LogDetail } from './log-detail.js';
import type { LogFeed, LogView } from './log-feed.js';
import { LogRow } from './log-row.js';
import type { HeldLine } from './log-tail.js';
import { ROW_PX, useTailScroll } from './use-tail-scroll.js';

interface LogListProps {
  feed: LogFeed;
  view: LogView;
  /** Words to mark, in lower case. */
  words: readonly string[];
  onFilter: (name: string, value: string, absent: boolean) => void;
}

/** The lines, of which only those in sight are in the page. */
export function LogList({ feed, view, words, onFilter }: LogListProps) {
  const lines = feed.tail.shown;
  const [selected, setSelected] = useState<HeldLine | undefined>(undefined);
  const { list, onScroll, following, first, end, topRow, bringIntoSight } = useTailScroll(feed, view);

  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') setSelected(undefined);
    if (event.key === 'Enter' && event.target === list.current) choose(topRow());
    if (!step || !selected) return;
    event.preventDefault();
    choose(lines.firstNot(({ id }) => id < selected.id) + step);
  };
  /** Opens the line at an index. */
  const choose = (at: number) => {
    const held = lines.at(at);
    if (!held) return;
    setSelected(held);
    bringIntoSight(at);
  };
  return (
    <div class="log-frame">
      <div class="log-view">
        <div
          class="log-list scrolls"
          ref={list}
          onScroll={onScroll}
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
