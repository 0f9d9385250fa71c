import { useEffect, useState } from 'preact/hooks';
import type { MetricFeed } from './metric-feed.js';
import type { Panel } from './panels.js';
import type { Wanted } from './range-history.js';
import { rangeOf, type TimeView } from './time-view.js';

/** Milliseconds between two looks whether the charts reach further back than what is there. */
const LOOK_MS = 10_000;

/** Loads what the charts show of the past, where the live values do not reach back to it. Gives what is to be told of it. */
export function useHistory(feed: MetricFeed, view: TimeView, panels: readonly Panel[]): 'loading' | Error | undefined {
  const [state, setState] = useState<'loading' | Error | undefined>(undefined);
  const wanted = wantedOf(panels);
  const patterns = wanted.map(({ series }) => series).join('\n');
  useEffect(() => {
    if (wanted.length === 0) return;
    let current = true;
    const load = () => {
      const range = rangeOf(view, feed.newest());
      if (feed.reaches(range, wanted)) return;
      setState('loading');
      feed.load(range, wanted).then(
        () => current && setState(undefined),
        (error: Error) => current && setState(error),
      );
    };
    load();
    const timer = setInterval(() => !document.hidden && load(), LOOK_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [feed, view, patterns]);
  return state;
}

/** The series that panels draw, as patterns for the hub. */
function wantedOf(panels: readonly Panel[]): Wanted[] {
  return panels.flatMap(({ spec }) =>
    spec.queries.flatMap(({ series, rate = false, of }) => [
      { series, counter: rate },
      ...(of === undefined ? [] : [{ series: of, counter: false }]),
    ]),
  );
}
