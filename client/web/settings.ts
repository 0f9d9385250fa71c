const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** What the reader chose; kept in this browser. */
export interface Settings {
  /** Display name; empty: the hub names the guest. */
  readonly name: string;
  /** Access token, where the hub wants one. Kept until the tab closes only. */
  readonly token: string;
  readonly theme: Theme;
}

const KEY = 'roomcast.settings';
const TOKEN_KEY = 'roomcast.token';

const GUEST_KEY = 'roomcast.guest-key';

/** The secret that keeps a guest the same user, over Socket.IO and HTTP, from visit to visit. */
export function guestKey(): string {
  const kept = read(localStorage, GUEST_KEY);
  if (/^[a-z0-9]{32}$/.test(kept)) return kept;
  const made = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  try {
    localStorage.setItem(GUEST_KEY, made);
  } catch {
    // This guest is a new one with each page.
  }
  return made;
}

/** Reads the settings; a browser that keeps nothing, or something else, gives the defaults. */
export function loadSettings(): Settings {
  const kept = readJson(KEY);
  const theme = THEMES.find((known) => known === kept.theme) ?? 'system';
  return { name: typeof kept.name === 'string' ? kept.name : '', token: read(sessionStorage, TOKEN_KEY), theme };
}

export function saveSettings({ name, token, theme }: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ name, theme }));
    if (token) sessionStorage.setItem(TOKEN_KEY, token);
    else sessionStorage.removeItem(TOKEN_KEY);
  } catch {
    // A browser that forbids storage forgets the settings with the page.
  }
}

/** An object kept under `key` in this browser; empty when there is none. */
export function readJson(key: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(read(localStorage, key) || '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

export function writeJson(key: string, value: Record<string, unknown>): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // As above.
  }
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function read(storage: Storage, key: string): string {
  try {
    return storage.getItem(key) ?? '';
  } catch {
    return '';
  }
}
