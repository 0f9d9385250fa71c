import { decodeFrame } from '../../shared/frame-codec.js';
import type { Frame } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { partsOf } from '../../shared/series-pattern.js';
import { ask, type HubSocket, openHubSocket } from '../load/hub-socket.js';
import { answerCalls } from '../process.js';
import { percentile, perOne } from '../stats.js';
import { busyWindow } from './busy-window.js';
import type { FramesFigures, FramesRequest, ViewCalls } from './calls.js';
import { PacedSender } from './paced-sender.js';

const ROOM: RoomName = 'metrics:bench';
const BODIES_PER_SECOND = 50;
/** The packet of Engine.IO and Socket.IO around a frame, and the one that announces bytes. */
const EVENT = '42["frame",]';
const EVENT_OF_BYTES = '451-["frame:bytes",{"_placeholder":true,"num":0}]';

/** Samples into one room, whose values are when they were sent, and those who watch it. */
class FramesLoad {
  readonly #sockets: HubSocket[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #names = new Map<number, string>();
  #isWatched = false;
  #busyPercent = 0;
  #frames = 0;
  #bytes = 0;
  #framesOfOne = 0;
  #asObjects = 0;
  #sender: PacedSender | undefined;

  async begin({ port, samplesPerSecond, series, viewers, maxHz, binary, chosenSeries }: FramesRequest): Promise<void> {
    const url = `http://127.0.0.1:${port}`;
    const chosen = chosenSeries < series ? { series: Array.from({ length: chosenSeries }, (_, n) => `*{core="${n}"}`) } : {};
    for (let n = 0; n < viewers; n++) {
      const socket = await openHubSocket(url);
      socket.on('frame', (frame) => this.#hear(frame, n));
      // In Node a Buffer, whose bytes are the sender's.
      socket.on('frame:bytes', (bytes) => this.#hear(decodeFrame(bytes), n, bytes.byteLength + EVENT_OF_BYTES.length));
      await ask(socket, 'subscribe', { room: ROOM, maxHz, ...chosen, ...(binary && { binary }) });
      this.#sockets.push(socket);
    }
    const perBody = samplesPerSecond / BODIES_PER_SECOND;
    this.#sender = new PacedSender({
      url: `${url}/api/v2/write?bucket=bench&precision=ms`,
      contentType: 'text/plain',
      bodiesPerSecond: BODIES_PER_SECOND,
      make: () => bodyOf(perBody, series),
    });
  }

  async watch(seconds: number): Promise<void> {
    this.#isWatched = true;
    this.#busyPercent = await busyWindow(seconds);
    this.#isWatched = false;
  }

  async end(): Promise<FramesFigures> {
    await this.#sender!.end();
    for (const socket of this.#sockets) socket.disconnect();
    return {
      frames: this.#frames,
      latencyP50Ms: percentile(this.#latenciesMs, 50),
      latencyP99Ms: percentile(this.#latenciesMs, 99),
      bytesPerFrame: perOne(this.#bytes, this.#framesOfOne),
      bytesAsObjects: perOne(this.#asObjects, this.#framesOfOne),
      clientBusyPercent: this.#busyPercent,
    };
  }

  #hear(frame: Frame, viewer: number, bytes = 0): void {
    const now = performance.now();
    if (viewer === 0) for (const [number, name] of Object.entries(frame.names ?? {})) this.#names.set(Number(number), name);
    if (!this.#isWatched) return;
    this.#frames++;
    for (const sentAt of frame.values) this.#latenciesMs.push(now - sentAt);
    if (viewer > 0) return;
    this.#framesOfOne++;
    this.#bytes += bytes || JSON.stringify(frame).length + EVENT.length;
    this.#asObjects += this.#objectsOf(frame);
  }

  /** What the frame would be as a list of samples. */
  #objectsOf({ room, position, t, series, values, ago }: Frame): number {
    const samples = series.map((number, i) => ({ ...partsOf(this.#names.get(number) ?? ''), value: values[i], t: t - (ago?.[i] ?? 0) }));
    return JSON.stringify({ room, position, samples }).length + EVENT.length;
  }
}

/** Influx lines, one sample each; the series in turn. */
function bodyOf(samples: number, series: number): string {
  const now = Date.now();
  const value = Math.round(performance.now() * 1_000) / 1_000;
  const lines: string[] = [];
  for (let n = 0; n < samples; n++) lines.push(`load,core=${n % series} value=${value} ${now}`);
  return lines.join('\n');
}

const load = new FramesLoad();
answerCalls<ViewCalls<FramesRequest, FramesFigures>>({
  begin: (request) => load.begin(request),
  watch: ({ seconds }) => load.watch(seconds),
  end: () => load.end(),
});
