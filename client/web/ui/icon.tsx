/** Outlines on a grid of 24, drawn for these pages. */
const OUTLINES = {
  chat: 'M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z M8 9.5h8 M8 12.8h5',
  metrics: 'M3 13h4l2.5-7 4 13 3-8 1.2 2H21',
  logs: 'M4 6h2 M9 6h11 M4 12h2 M9 12h8 M4 18h2 M9 18h10',
  jobs: 'M12 3v3 M12 18v3 M3 12h3 M18 12h3 M5.6 5.6l2.2 2.2 M16.2 16.2l2.2 2.2 M5.6 18.4l2.2-2.2 M16.2 7.8l2.2-2.2 M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  hub: 'M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4z M8.1 15.9a5.5 5.5 0 0 1 0-7.8 M15.9 8.1a5.5 5.5 0 0 1 0 7.8 M5.3 18.7a9.5 9.5 0 0 1 0-13.4 M18.7 5.3a9.5 9.5 0 0 1 0 13.4',
  plus: 'M12 5v14 M5 12h14',
  close: 'M6 6l12 12 M18 6L6 18',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M2.5 20a6.5 6.5 0 0 1 13 0 M16 4.3a3.5 3.5 0 0 1 0 6.4 M18.5 14.3A6.5 6.5 0 0 1 21.5 20',
  rooms: 'M4 6h16 M4 12h16 M4 18h10',
  send: 'M4 12l16-8-5 16-3.5-6.5z M11.5 13.5L20 4',
  edit: 'M4 20l1-4L16 5l3 3L8 19z M14 7l3 3',
  trash: 'M4 7h16 M9 7V4h6v3 M6 7l1 13h10l1-13 M10 11v5 M14 11v5',
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M8.5 14.5a4.2 4.2 0 0 0 7 0 M9 9.5v.3 M15 9.5v.3',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M12 7.5V12l3 2',
  warning: 'M12 4l9 16H3z M12 10v4.5 M12 17.2v.2',
  down: 'M12 5v14 M6 13l6 6 6-6',
  pause: 'M9 5v14 M15 5v14',
  play: 'M7 5l12 7-12 7z',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z M15.3 15.3L20 20',
  download: 'M12 4v11 M7 11l5 5 5-5 M5 20h14',
  retry: 'M4 12a8 8 0 1 0 2.5-5.8 M4 4v4.5h4.5',
  more: 'M5 12h.01 M12 12h.01 M19 12h.01',
  leave: 'M10 4H5v16h5 M14 8l4 4-4 4 M18 12H9',
  copy: 'M9 9h11v11H9z M15 9V4H4v11h5',
} as const;

export type IconName = keyof typeof OUTLINES;

/** A picture beside a text that says the same; without one, the button around it carries the label. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={OUTLINES[name]} />
    </svg>
  );
}
