import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Pixels from the newest message within which the reader follows it. */
const FOLLOW_PX = 60;
/** Pixels from the top at which the next page is asked for, so that it is mostly there when needed. */
const NEAR_TOP_PX = 600;

export interface ScrollKeeper {
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly onScroll: () => void;
  /** The reader is at the newest message, and stays there as more come. */
  readonly following: boolean;
  readonly nearTop: boolean;
  /** Something came below since the reader left the end. */
  readonly unseen: boolean;
  readonly toNewest: () => void;
}

/** The row at the upper edge and its distance from it: what must not move when rows change around it. */
interface Anchor {
  readonly key: string;
  readonly top: number;
}

/**
 * Keeps a list of rows (elements with `data-key`) where its reader is: at the end while following, else at the row being read,
 * whatever is added or let go above and below.
 * @param options.rows another one when the rows are others; `lastKey` changes with the last row; `ownLast`: that one is the reader's own,
 * which always leads to the end
 */
export function useScrollKeeper(options: { rows: unknown; lastKey: string | undefined; ownLast: boolean }): ScrollKeeper {
  const { rows, lastKey, ownLast } = options;
  const ref = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const followingNow = useRef(true);
  /** Where the list stood when last looked at: elsewhere, the reader has scrolled and the event of it is still to come. */
  const knownTop = useRef(0);
  const [following, setFollowing] = useState(true);
  const [nearTop, setNearTop] = useState(false);
  const [unseen, setUnseen] = useState(false);

  const follow = (value: boolean) => {
    followingNow.current = value;
    setFollowing(value);
    if (value) setUnseen(false);
  };
  const note = (list: HTMLElement) => {
    knownTop.current = list.scrollTop;
    anchor.current = anchorOf(list);
    setNearTop(list.scrollTop < NEAR_TOP_PX);
  };
  const onScroll = () => {
    const list = ref.current;
    if (!list) return;
    follow(isAtEnd(list));
    note(list);
  };
  const keep = () => {
    const list = ref.current;
    if (!list) return;
    const scrolled = list.scrollTop - knownTop.current;
    if (followingNow.current && (Math.abs(scrolled) <= 1 || isAtEnd(list))) list.scrollTop = list.scrollHeight;
    else {
      if (anchor.current) returnTo(list, anchor.current, scrolled);
      follow(isAtEnd(list));
    }
    note(list);
  };
  const toNewest = () => {
    const list = ref.current;
    if (!list) return;
    follow(true);
    list.scrollTop = list.scrollHeight;
    note(list);
  };

  useLayoutEffect(keep, [rows]);
  useEffect(() => {
    if (ownLast) toNewest();
    else if (!followingNow.current) setUnseen(true);
  }, [lastKey]);
  useEffect(() => {
    const list = ref.current;
    if (!list) return;
    // The list or a row changes its size without other rows: the window, a font, a growing field.
    const observer = new ResizeObserver(keep);
    observer.observe(list);
    if (list.firstElementChild) observer.observe(list.firstElementChild);
    return () => observer.disconnect();
  }, []);

  return { ref, onScroll, following, nearTop, unseen, toNewest };
}

function isAtEnd(list: HTMLElement): boolean {
  return list.scrollHeight - list.scrollTop - list.clientHeight < FOLLOW_PX;
}

/** Moves the list so that the anchored row is where it was, but for the pixels that the reader has scrolled since. */
function returnTo(list: HTMLElement, { key, top }: Anchor, scrolled: number): void {
  const row = list.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (!row) return;
  const moved = row.getBoundingClientRect().top - list.getBoundingClientRect().top - (top - scrolled);
  if (Math.abs(moved) >= 1) list.scrollTop += moved;
}

function anchorOf(list: HTMLElement): Anchor | undefined {
  const { top, left, width } = list.getBoundingClientRect();
  for (const depth of [4, 24, 60, 120]) {
    const row = document.elementFromPoint(left + width / 2, top + depth)?.closest<HTMLElement>('[data-key]');
    if (row && list.contains(row)) return { key: row.dataset.key!, top: row.getBoundingClientRect().top - top };
  }
  return undefined;
}
