import { createStore, type Store } from './lib/store.js';

export interface Toast {
  readonly id: number;
  readonly text: string;
  /** `note`: nothing went wrong. */
  readonly tone: 'fault' | 'note';
}

/** Short lines about what went wrong or should be known, shown over the page. */
export interface Toasts {
  readonly shown: Store<readonly Toast[]>;
  /** Shows a line for 8 seconds; the same line again only stays longer. */
  show(text: string, tone?: Toast['tone']): void;
  dismiss(id: number): void;
}

const SHOWN_MS = 8000;
const SHOWN_TOASTS = 4;

export function createToasts(): Toasts {
  const shown = createStore<readonly Toast[]>([]);
  let lastId = 0;
  const dismiss = (id: number) => shown.set(shown.get().filter((toast) => toast.id !== id));
  return {
    shown,
    dismiss,
    show(text, tone = 'fault') {
      const id = ++lastId;
      shown.set([...shown.get().filter((toast) => toast.text !== text), { id, text, tone }].slice(-SHOWN_TOASTS));
      setTimeout(() => dismiss(id), SHOWN_MS);
    },
  };
}
