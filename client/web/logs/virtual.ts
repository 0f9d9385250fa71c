/** The rows of a long list that are worth having in the page. */
export interface VisibleRows {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

/** Rows beyond the edge that are there before they are scrolled to. */
const OVERSCAN = 12;
/** The same of a list that moves by itself: each of them is written anew with each change. */
export const OVERSCAN_MOVING = 2;

/** Which of `count` rows of one height are seen, at a scroll position and in a view of some height, all in pixels. */
export function visibleRows(count: number, rowHeight: number, scrollTop: number, viewHeight: number, overscan = OVERSCAN): VisibleRows {
  const top = Math.floor(Math.max(0, scrollTop) / rowHeight) - overscan;
  const bottom = Math.ceil((Math.max(0, scrollTop) + viewHeight) / rowHeight) + overscan;
  const end = Math.min(count, Math.max(0, bottom));
  return { first: Math.max(0, Math.min(top, end)), end };
}
