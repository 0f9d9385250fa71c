/**
 * Arrow keys in a list of messages (`article` elements): up and down go from message to message, right and left through what can be
 * pressed in one, Escape back to the message. Tab passes the whole list by.
 */
export function moveAmongMessages(event: KeyboardEvent): void {
  const list = event.currentTarget as HTMLElement;
  const from = event.target as HTMLElement;
  if (from.matches('input, textarea')) return;
  const next = destination(list, from, event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function destination(list: HTMLElement, from: HTMLElement, key: string): HTMLElement | undefined {
  const row = from.closest('article');
  const rows = [...list.querySelectorAll('article')];
  if (!row) return key === 'ArrowUp' ? rows.at(-1) : undefined;
  const parts = [row, ...row.querySelectorAll<HTMLElement>('button, a')];
  switch (key) {
    case 'ArrowUp':
      return rows[rows.indexOf(row) - 1] ?? row;
    case 'ArrowDown':
      return rows[rows.indexOf(row) + 1] ?? row;
    case 'ArrowRight':
      return parts[parts.indexOf(from) + 1] ?? parts.at(-1);
    case 'ArrowLeft':
      return parts[parts.indexOf(from) - 1] ?? row;
    case 'Escape':
      return row;
    default:
      return undefined;
  }
}
