import { fullTime } from '../lib/format.js';
import { Icon } from '../ui/icon.js';
import type { ShownLine } from './log-state.js';

/** One line with everything it carries, its text unbroken. */
export function LogDetail({ line, onClose }: { line: ShownLine; onClose: () => void }) {
  const rows: (readonly [string, string])[] = [
    ['time', fullTime(line.time)],
    ['level', line.level ?? '–'],
    ...(line.source ? [['source', line.source] as const] : []),
    ...line.fields,
  ];
  return (
    <section class="log-detail scrolls" aria-label="The chosen line" data-testid="log-detail">
      <div class="log-detail-head">
        <pre>{line.text}</pre>
        <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
