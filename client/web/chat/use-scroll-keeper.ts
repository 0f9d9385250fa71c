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
 * @param options.lastKey changes with the last row; `ownLast`: it is the reader's own, which always leads to the end
 */
export function useScrollKeeper({ lastKey, ownLast }: { lastKey: string | undefined; ownLast: boolean }): ScrollKeeper {
  const ref = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | undefined>(undefined);
  const followingNow = useRef(true);
  const [following, setFollowing] = useState(true);
  const [nearTop, setNearTop] = useState(false);
  const [unseen, setUnseen] = useState(false);

  const follow = (value: boolean) => {
    followingNow.current = value;
    setFollowing(value);
    if (value) setUnseen(false);
  };
  const onScroll = () => {
    const list = ref.current;
    if (!list) return;
    follow(list.scrollHeight - list.scrollTop - list.clientHeight < FOLLOW_PX);
    setNearTop(list.scrollTop < NEAR_TOP_PX);
    anchor.current = anchorOf(list);
  };
  const toNewest = () => {
    follow(true);
    if (ref.current) ref.current.scrollTop = ref.current.scrollHeight;
  };

  useLayoutEffect(() => {
    if (ref.current) keep(ref.current, followingNow.current, anchor.current);
  });
  useEffect(() => {
    if (ownLast) toNewest();
    else if (!followingNow.current) setUnseen(true);
  }, [lastKey]);
  useEffect(() => {
    const list = ref.current;
    if (!list) return;
    // The list or a row changes its size without a render: the window, a font, a growing field.
    const observer = new ResizeObserver(() => {
      if (followingNow.current) list.scrollTop = list.scrollHeight;
      setNearTop(list.scrollTop < NEAR_TOP_PX);
    });
    observer.observe(list);
    if (list.firstElementChild) observer.observe(list.firstElementChild);
    return () => observer.disconnect();
  }, []);

  return { ref, onScroll, following, nearTop, unseen, toNewest };
}

function keep(list: HTMLElement, following: boolean, anchor: Anchor | undefined): void {
  if (following) {
    list.scrollTop = list.scrollHeight;
    return;
  }
  const row = anchor && list.querySelector<HTMLElement>(`[data-key="${CSS.escape(anchor.key)}"]`);
  if (!row) return;
  const moved = row.getBoundingClientRect().top - list.getBoundingClientRect().top - anchor.top;
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
