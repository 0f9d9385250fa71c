import type { ComponentChildren } from 'preact';
import type { HubError } from '../../../shared/errors.js';
import { Icon, type IconName } from './icon.js';

/** What a page says in the place of a room that it cannot have. */
export function Refused({ title, error }: { title: string; error: HubError }) {
  const closed = error.code === 'closing';
  return (
    <Empty icon="warning" title={closed ? 'There is no connection to the hub' : title}>
      {!closed && error.message}
    </Empty>
  );
}

/** What a page says when it has nothing to show. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}
