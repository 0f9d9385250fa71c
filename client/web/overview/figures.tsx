import { useEffect, useState } from 'preact/hooks';
import { formatValue, type Unit } from '../metrics/units.js';
import { useSession } from '../session-context.js';
import { sumsOf } from './sums.js';

/** Numbers of the hub's own metric room, in the order in which they are shown. */
const FIGURES: readonly { metric: string; title: string; unit: Unit; of: 'sum' | 'max' }[] = [
  { metric: 'connections', title: 'Connections', unit: 'count', of: 'sum' },
  { metric: 'messages_published_per_second', title: 'Published', unit: 'perSecond', of: 'sum' },
  { metric: 'messages_delivered_per_second', title: 'Delivered', unit: 'perSecond', of: 'sum' },
  { metric: 'event_loop_lag_p99_ms', title: 'Loop lag p99', unit: 'milliseconds', of: 'max' },
  { metric: 'process_resident_memory_bytes', title: 'Memory', unit: 'bytes', of: 'sum' },
  { metric: 'jobs_active', title: 'Jobs running', unit: 'count', of: 'sum' },
];

/** What the hub does right now: over all its instances where there are several. */
export function Figures() {
  const { hub } = useSession();
  const [values, setValues] = useState<ReadonlyMap<string, { sum: number; max: number }>>(new Map());
  useEffect(() => {
    const room = hub.metrics('metrics:hub', { maxHz: 1, binary: true });
    const update = () => setValues(sumsOf(room.latest));
    room.on('snapshot', update);
    room.on('frame', update);
    return () => room.leave();
  }, [hub]);
  return (
    <section class="figures" aria-label="The hub right now">
      {FIGURES.map(({ metric, title, unit, of }) => {
        const value = values.get(metric)?.[of];
        return (
          <div key={metric} class="card figure" data-testid={`figure-${metric}`}>
            <span class="muted">{title}</span>
            <strong class="numbers">{value === undefined ? '–' : formatValue(value, unit)}</strong>
          </div>
        );
      })}
    </section>
  );
}
