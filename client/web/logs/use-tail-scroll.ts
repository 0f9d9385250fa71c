import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LogFeed, LogView } from './log-feed.js';
import { OVERSCAN_MOVING, visibleRows } from './virtual.js';

/** Height of a row in pixels; the style sheet has the same. */
export const ROW_PX = 24;
/** Pixels from the end within which the list follows it. */
const FOLLOW_PX = 30;

/** Where a tail's list stands: which rows are in sight, and what moves them. */
export interface TailScroll {
  /** The element that scrolls. */
  readonly list: RefObject<HTMLDivElement | null>;
  readonly onScroll: () => void;
  readonly following: boolean;
  /** The rows that belong into the page, by index; `end` is exclusive. */
  readonly first: number;
  readonly end: number;
  /** The row that a reader begins with: the newest one, or the first that is whole. */
  readonly topRow: () => number;
  /** Scrolls no further than until the row is seen. */
  readonly bringIntoSight: (row: number) => void;
}

/** Follows the newest lines until one scrolls up: then new lines wait, so that what is read stays. */
export function useTailScroll(feed: LogFeed, view: LogView): TailScroll {
  const lines = feed.tail.shown;
  const list = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  const anchor = useRef({ id: 0, offset: 0 });
  const followed = useRef(-1);
  const following = view.paused === undefined;

  /** True at the end. */
  const measure = (): boolean => {
    const element = list.current;
    if (!element) return false;
    const { scrollTop, scrollHeight, clientHeight } = element;
    setSeen({ top: scrollTop, height: clientHeight });
    const top = Math.floor(scrollTop / ROW_PX);
    anchor.current = { id: lines.at(top)?.id ?? 0, offset: scrollTop - top * ROW_PX };
    return scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
  };
  const onScroll = () => {
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

  // A list that follows is at its end, wherever it was when it was last measured.
  const top = following ? Math.max(0, lines.length * ROW_PX - seen.height) : seen.top;
  return {
    list,
    onScroll,
    following,
    ...visibleRows(lines.length, ROW_PX, top, seen.height, following ? OVERSCAN_MOVING : undefined),
    topRow: () => (following ? lines.length - 1 : Math.ceil(seen.top / ROW_PX)),
    bringIntoSight: (row) => {
      const element = list.current!;
      const lowest = row * ROW_PX;
      element.scrollTop = Math.min(lowest, Math.max(element.scrollTop, lowest + ROW_PX - element.clientHeight));
    },
  };
}
