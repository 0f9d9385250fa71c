import type { PbfReader } from 'pbf';
import { type ErrorCode, HubError } from '../../../shared/errors.js';
import { formatSeries } from '../../../shared/series-name.js';
import type { IngestReport } from '../ingest-report.js';
import type { EndedSeries } from '../ingest-service.js';
import { KnownBytes } from '../known-bytes.js';
import type { ParsedSample } from '../parsed.js';
import { type ReadField, readProtobuf } from '../protobuf.js';
import type { SenderRooms } from '../sender-rooms.js';

/** What a request of Prometheus' remote write 1.0 holds. */
export interface WriteRequest {
  /** Each with the room of its series; `line` is the place of the series in the request, from 1. */
  readonly samples: ParsedSample[];
  /** Series that Prometheus marked as stale: their target or they themselves are gone. */
  readonly ended: EndedSeries[];
  /** What is part of the protocol and has no place in a metric room. */
  readonly leftOut: { stale: number; notFinite: number; histograms: number };
}

/** Bytes of a series' labels past which it cannot have a name of the length that one may have. */
const LABEL_BYTES = 8 * 1024;
/** Series, and samples, of one request at most: they are read in one turn of the event loop. Prometheus sends 2,000 at most by itself. */
const SAMPLES = 50_000;
const CACHE_BYTES = 64 * 1024 * 1024;
const NAME = '__name__';

/** Labels that were read: where the series' samples go. */
type Target = EndedSeries;

/** One time series while it is read: its labels as bytes, the first `samples` places of its columns. */
class OpenSeries {
  labelsFrom = 0;
  labelsTo = 0;
  histograms = 0;
  samples = 0;
  readonly values: number[] = [];
  readonly times: number[] = [];
  readonly stale: boolean[] = [];

  reset(): void {
    this.labelsFrom = this.labelsTo = this.histograms = this.samples = 0;
  }
}

interface OpenSample {
  value: number;
  t: number;
  stale: boolean;
}

/** Prometheus' own NaN for a series that has ended. Source: prometheus/model/value, StaleNaN = 0x7ff0000000000002. */
const isStale = (view: DataView, at: number): boolean => view.getUint32(at, true) === 2 && view.getUint32(at + 4, true) === 0x7ff00000;

// The numbers of the fields are those of prometheus/prompb, types.proto and remote.proto.
const readSample: ReadField<OpenSample> = (field, sample, reader) => {
  if (field === 1) {
    sample.stale = isStale(reader.dataView, reader.pos);
    sample.value = reader.readDouble();
  } else if (field === 2) sample.t = reader.readVarint(true);
};

const readSeries: ReadField<OpenSeries> = (field, series, reader) => {
  if (field === 1) {
    // Labels come one after the other: from the first one's tag to the last one's end they are recognised as a whole.
    if (series.labelsTo === 0) series.labelsFrom = reader.pos - 1;
    reader.skip(2);
    series.labelsTo = reader.pos;
  } else if (field === 2) {
    if (series.samples >= SAMPLES) throw tooMany();
    const { value, t, stale } = reader.readMessage(readSample, { value: 0, t: 0, stale: false });
    series.values[series.samples] = value;
    series.times[series.samples] = t;
    series.stale[series.samples] = stale;
    series.samples++;
  } else if (field === 4) series.histograms++;
};

const readLabel: ReadField<[string, string]> = (field, label, reader) => {
  if (field === 1) label[0] = reader.readString();
  else if (field === 2) label[1] = reader.readString();
};
const readLabels: ReadField<[string, string][]> = (field, labels, reader) => {
  if (field === 1) labels.push(reader.readMessage(readLabel, ['', '']));
};

/** Reads requests of remote write; label sets that it knows are recognised by their bytes. */
export class WriteRequestReader {
  readonly #known: KnownBytes<Target>;

  constructor(
    private readonly rooms: SenderRooms,
    cacheBytes = CACHE_BYTES,
  ) {
    this.#known = new KnownBytes(cacheBytes);
  }

  /**
   * Series whose labels cannot be used are refused in the report, the others read.
   * @param body unpacked
   * @throws HubError `invalid` when it is no such message, `too_large`: nothing of it is to be taken
   */
  read(body: Uint8Array, report: IngestReport): WriteRequest {
    const request: WriteRequest = { samples: [], ended: [], leftOut: { stale: 0, notFinite: 0, histograms: 0 } };
    const series = new OpenSeries();
    let line = 0;
    const readRequest: ReadField<WriteRequest> = (field, into, reader) => {
      if (field !== 1) return;
      if (line >= SAMPLES) throw tooMany();
      series.reset();
      reader.readMessage(readSeries, series);
      this.#take(reader, series, ++line, into, report);
    };
    return readProtobuf(body, readRequest, request);
  }

  #take(reader: PbfReader, series: OpenSeries, line: number, { samples, ended, leftOut }: WriteRequest, report: IngestReport): void {
    const { values, times, stale, samples: count } = series;
    if (samples.length + count > SAMPLES) throw tooMany();
    leftOut.histograms += series.histograms;
    const target = this.#targetOf(reader, series);
    if ('code' in target) {
      report.refuseFor(line, target.code, () => target.why, count);
      return;
    }
    for (let i = 0; i < count; i++) {
      const value = values[i] ?? 0;
      if (stale[i]) {
        leftOut.stale++;
        ended.push(target);
      } else if (Number.isFinite(value)) samples.push({ line, room: target.room, series: target.series, value, t: times[i] ?? 0 });
      else leftOut.notFinite++;
    }
  }

  #targetOf({ buf, dataView }: PbfReader, { labelsFrom, labelsTo }: OpenSeries): Target | BadLabels {
    if (labelsTo === 0) return noName;
    const known = this.#known.get(dataView, labelsFrom, labelsTo);
    if (known) return known;
    if (labelsTo - labelsFrom > LABEL_BYTES) return tooLong;
    const labels = readProtobuf(buf.subarray(labelsFrom, labelsTo), readLabels, []);
    const target = targetOf(labels, this.rooms);
    if (!('code' in target)) this.#known.set(dataView, labelsFrom, labelsTo, target, target.series.length + target.room.length);
    return target;
  }
}

interface BadLabels {
  readonly code: ErrorCode;
  readonly why: string;
}
const tooMany = () => new HubError('too_large', `a request has at most ${SAMPLES} series and as many samples`);
const tooLong: BadLabels = { code: 'too_large', why: `the labels of a series have at most ${LABEL_BYTES} bytes` };

const noName: BadLabels = { code: 'invalid', why: `a series has no ${NAME}` };

function targetOf(pairs: readonly [string, string][], rooms: SenderRooms): Target | BadLabels {
  const labels = new Map(pairs);
  const name = labels.get(NAME);
  if (!name) return noName;
  if (labels.size < pairs.length || labels.has(''))
    return { code: 'invalid', why: `${name.slice(0, 100)} has a label twice, or one without a name` };
  const labelOf = (key: string) => labels.get(key);
  const { [NAME]: _, ...rest } = Object.fromEntries(labels);
  return { room: rooms.roomOf('samples', labelOf, labelOf('job')), series: formatSeries(name, rest) };
}
