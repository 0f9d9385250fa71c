/** Texts of times and sizes, in the reader's language. */
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const CLOCK_SECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const DAY_YEAR = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const clockTime = (time: number): string => CLOCK.format(time);
/** The same without what says morning or afternoon: where it stands beside a full time. */
export const clockShort = (time: number): string =>
  CLOCK.formatToParts(time)
    .filter(({ type }) => type !== 'dayPeriod')
    .map(({ value }) => value)
    .join('')
    .trim();
export const clockSeconds = (time: number): string => CLOCK_SECONDS.format(time);
export const fullTime = (time: number): string => FULL.format(time);

/** A day as a reader of `now` calls it. */
export function dayName(time: number, now: number): string {
  const days = dayNumber(now) - dayNumber(time);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return (new Date(time).getFullYear() === new Date(now).getFullYear() ? DAY : DAY_YEAR).format(time);
}

function dayNumber(time: number): number {
  const date = new Date(time);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}

/** How long ago something was, short: `now`, `5 min`, `3 h`, `2 d`. */
export function ago(time: number, now: number): string {
  const minutes = Math.floor((now - time) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / (24 * 60))} d`;
}

/** A span of time: `350 ms`, `2.4 s`, `1 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const SI_UNITS = ['', 'k', 'M', 'G', 'T'];

/** Bytes with a unit of 1024: `1.5 MiB`. */
export function bytes(value: number): string {
  return scaled(value, 1024, BYTE_UNITS);
}

/** A count, short: `12.3k`. */
export function count(value: number): string {
  return Math.abs(value) < 1000 ? plain(value) : scaled(value, 1000, SI_UNITS).replace(' ', '');
}

function scaled(value: number, base: number, units: readonly string[]): string {
  const power = value === 0 ? 0 : Math.max(0, Math.min(Math.floor(Math.log(Math.abs(value)) / Math.log(base)), units.length - 1));
  return `${plain(value / base ** power)} ${units[power]}`.trimEnd();
}

/** Three digits that matter, without zeros that say nothing. */
function plain(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size > 0 && size < 0.01) return value.toPrecision(2);
  return String(Number(value.toFixed(size >= 10 ? 1 : 2)));
}
