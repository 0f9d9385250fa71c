import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from './icon.js';

interface MenuProps {
  icon: IconName;
  label: string;
  testId: string;
  /** Says that what is inside is in use. */
  active?: boolean;
  /** The label is for those who do not see the icon. */
  iconOnly?: boolean;
  /** A choice inside closes it. */
  closes?: boolean;
  children: ComponentChildren;
}

/** A button that opens a sheet below it; Escape and a click elsewhere close it. */
export function Menu({ icon, label, testId, active = false, iconOnly = false, closes = false, children }: MenuProps) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => details.current?.removeAttribute('open');
  useEffect(() => {
    const elsewhere = (event: Event) => {
      if (!details.current?.contains(event.target as Node)) close();
    };
    document.addEventListener('pointerdown', elsewhere);
    return () => document.removeEventListener('pointerdown', elsewhere);
  }, []);
  const keys = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    close();
    details.current?.querySelector('summary')?.focus();
  };
  return (
    <details class="menu" ref={details} onKeyDown={keys}>
      <summary class={`button small ${active ? 'active' : ''}`} data-testid={testId}>
        <Icon name={icon} />
        <span class={iconOnly ? 'visually-hidden' : 'menu-label'}>{label}</span>
      </summary>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside are what is clicked */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: a key on a button inside is a click too */}
      <div class="menu-sheet" onClick={(event) => closes && (event.target as Element).closest('button') && close()}>
        {children}
      </div>
    </details>
  );
}
