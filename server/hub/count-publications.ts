import type { HubMetrics } from '../observe/metrics.js';

export function countPublications({ published, publishRepeated, publishSeconds }: HubMetrics) {
  const ofKind = published.talliesBy('kind');
  return (kind: string, repeated: boolean, seconds: number) => {
    publishSeconds.tally(seconds);
    if (repeated) publishRepeated.inc();
    else ofKind(kind).add();
  };
}
