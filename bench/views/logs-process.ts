import type { RoomName } from '../../shared/rooms.js';
import type { LogLine } from '../../shared/schemas.js';
import { ask, openHubSocket } from '../load/hub-socket.js';
import { answerCalls } from '../process.js';
import { percentile } from '../stats.js';
import { busyWindow, until } from './busy-window.js';
import type { LogsFigures, LogsRequest, ViewCalls } from './calls.js';
import { LineCount } from './line-count.js';
import { PacedSender } from './paced-sender.js';
import { RawViewer } from './raw-viewer.js';

const ROOM: RoomName = 'logs:bench';
const BODIES_PER_SECOND = 20;
/** Every tenth line is an error; those with a filter see these. */
const ERRORS = 10;
/** Slow viewers read for a moment and then not for so long that what the system keeps for a connection is full. */
const READ_MS = 200;
const REST_MS = 4_000;

/** Lines into one room, those who watch it, and what each of them must have seen in the end. */
class LogsLoad {
  readonly #whole: LineCount[] = [];
  readonly #filtered: LineCount[] = [];
  readonly #slow: { readonly count: LineCount; readonly viewer: RawViewer }[] = [];
  readonly #known = new Map<number, { bytes: number; lines: number }>();
  readonly #latenciesMs: number[] = [];
  readonly #viewers: RawViewer[] = [];
  #resting: NodeJS.Timeout[] = [];
  #isWatched = false;
  #busyPercent = 0;
  #lines = 0;
  #url = '';
  #sender: PacedSender | undefined;

  async begin({ port, linesPerSecond, bytes, viewers, filtered, slow }: LogsRequest): Promise<void> {
    this.#url = `http://127.0.0.1:${port}`;
    for (let n = 0; n < viewers; n++) this.#whole.push((await this.#open(port, {}, n === 0)).count);
    for (let n = 0; n < filtered; n++) this.#filtered.push((await this.#open(port, { filter: { level: 'error' } })).count);
    for (let n = 0; n < slow; n++) this.#slow.push(await this.#open(port, { filter: {}, skip: true }));
    for (const { viewer } of this.#slow) this.#rest(viewer);
    const perBody = Math.round(linesPerSecond / BODIES_PER_SECOND);
    this.#sender = new PacedSender({
      url: `${this.#url}/api/ingest/${ROOM}`,
      contentType: 'application/x-ndjson',
      bodiesPerSecond: BODIES_PER_SECOND,
      make: () => this.#body(perBody, 'x'.repeat(bytes)),
    });
  }

  async watch(seconds: number): Promise<void> {
    this.#isWatched = true;
    this.#busyPercent = await busyWindow(seconds);
    this.#isWatched = false;
  }

  async end(): Promise<LogsFigures> {
    await this.#sender!.end();
    for (const timer of this.#resting) clearTimeout(timer);
    this.#resting = [];
    for (const { viewer } of this.#slow) viewer.resume();
    const { stored, last } = await this.#log();
    const counts = [...this.#whole, ...this.#filtered, ...this.#slow.map(({ count }) => count)];
    await until(() => counts.every(({ position }) => position >= last), 'the last line at every viewer');
    const errors = Math.ceil(this.#lines / ERRORS);
    const missed = (count: LineCount, due: number) => Math.abs(due - count.lines - count.skipped) + count.holes;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    for (const viewer of this.#viewers) viewer.close();
    return {
      lines: this.#lines,
      missingFromLog: this.#lines - stored,
      untold:
        sum(this.#whole.map((count) => missed(count, this.#lines))) +
        sum(this.#filtered.map((count) => missed(count, errors))) +
        sum(this.#slow.map(({ count }) => missed(count, this.#lines))),
      told: sum(this.#slow.map(({ count }) => count.skipped)),
      latencyP50Ms: percentile(this.#latenciesMs, 50),
      latencyP99Ms: percentile(this.#latenciesMs, 99),
      clientBusyPercent: this.#busyPercent,
    };
  }

  async #open(port: number, wish: object, isTimed = false): Promise<{ count: LineCount; viewer: RawViewer }> {
    const count = new LineCount(this.#known);
    const viewer = await RawViewer.open(port, { room: ROOM, ...wish }, (packet) => {
      count.take(packet);
      if (isTimed) this.#time(packet);
    });
    this.#viewers.push(viewer);
    return { count, viewer };
  }

  /** Of the window: each line carries when it was made. */
  #time(packet: Buffer): void {
    const now = performance.now();
    if (!this.#isWatched) return;
    for (const [, at] of packet.toString('latin1').matchAll(/"at":([\d.]+)/g)) this.#latenciesMs.push(now - Number(at));
  }

  #rest(viewer: RawViewer): void {
    viewer.pause();
    this.#resting.push(
      setTimeout(() => {
        viewer.resume();
        this.#resting.push(setTimeout(() => this.#rest(viewer), READ_MS));
      }, REST_MS),
    );
  }

  #body(lines: number, text: string): string {
    const at = Math.round(performance.now() * 10) / 10;
    const body: string[] = [];
    for (let n = 0; n < lines; n++) {
      const line: LogLine = { text, level: this.#lines++ % ERRORS === 0 ? 'error' : 'info', fields: { at } };
      body.push(JSON.stringify(line));
    }
    return body.join('\n');
  }

  /** Every line that the log has, and its last position's seq. */
  async #log(): Promise<{ stored: number; last: number }> {
    const socket = await openHubSocket(this.#url);
    let stored = 0;
    let last = 0;
    for (let before: string | undefined, more = true; more; ) {
      const page = await ask(socket, 'history', { room: ROOM, limit: 50, ...(before && { before }) });
      for (const { data } of page.messages) stored += (data as { lines: LogLine[] }).lines.length;
      last ||= Number(page.messages.at(-1)?.position.split(':')[1] ?? 0);
      before = page.messages[0]?.position;
      more = page.more;
    }
    socket.disconnect();
    return { stored, last };
  }
}

const load = new LogsLoad();
answerCalls<ViewCalls<LogsRequest, LogsFigures>>({
  begin: (request) => load.begin(request),
  watch: ({ seconds }) => load.watch(seconds),
  end: () => load.end(),
});
