import { groupBy } from '../../shared/group-by.js';
import type { Histories, LogRead, Place, Publication } from './history.js';
import { PlaceBook } from './place-book.js';
import { type ReaderFindings, walkReader } from './reader-walk.js';

/** What the histories of one run come to. Everything but the first group should be 0. */
export interface CheckResult {
  readonly published: number;
  readonly acked: number;
  /** Messages shown to readers, each counted once per reader. */
  readonly read: number;
  /** Acknowledgements that said `repeated`: the attempt before was stored, its answer was lost. */
  readonly repeatedAcks: number;
  readonly logEntries: number;

  /** Acknowledged, gone with an epoch, and told to each reader that does not have it. */
  readonly announcedLost: number;
  /** Readers and messages: told as missing, though the log kept it. */
  readonly passedOver: number;
  /** Shown to a reader again under another epoch. */
  readonly shownAgain: number;

  /** Never acknowledged in the end, or refused for good. */
  readonly unfinished: number;
  /** Acknowledged messages that some reader does not have and was not told of. */
  readonly lost: number;
  /** The same by reader and message: before the first one that the reader has, among what it has, after the last. */
  readonly lostHead: number;
  readonly lostMiddle: number;
  readonly lostTail: number;
  readonly missingInLog: number;
  /** Values that nobody published. */
  readonly unexpected: number;
  readonly duplicated: number;
  /** Stored at two places of one epoch. */
  readonly storedTwice: number;
  readonly reordered: number;
  readonly silentGaps: number;
  /** Places at which two readers, a reader and an acknowledgement, or a reader and the log have different values. */
  readonly diverged: number;
  /** Acknowledged as a repetition, although every attempt before had been refused. */
  readonly refusedYetStored: number;
  /** The first findings as sentences. */
  readonly examples: readonly string[];
}

const EXAMPLES = 30;

/** What must be 0 for a run to pass. */
export const MUST_BE_ZERO = [
  'unfinished',
  'lost',
  'missingInLog',
  'unexpected',
  'duplicated',
  'storedTwice',
  'reordered',
  'silentGaps',
  'diverged',
  'refusedYetStored',
] as const satisfies (keyof CheckResult)[];

/** Judges the histories of a run by themselves: no network, no clock. */
export function check({ streams, publications, readers, log }: Histories): CheckResult {
  const published = new Map(publications.map((one) => [one.value, one]));
  const findings = readers.map((history) => walkReader(history, streams));
  const places = new PlaceBook();
  for (const { acked, room, value } of publications) if (acked) places.put(room, acked.place, value);
  for (const { room, events } of readers) {
    for (const event of events) if (event.what === 'read') places.put(room, event.place, event.value);
  }
  for (const { room, place, value } of log ?? []) places.put(room, place, value);

  const values = [...findings.flatMap(({ room, seen }) => [...seen.keys()].map((value) => ({ room, value }))), ...(log ?? [])];
  const unexpected = new Set(values.filter(({ room, value }) => published.get(value)?.room !== room).map(({ value }) => value));
  const missing = findMissing(publications, findings, log);
  const duplicated = findings.flatMap((reader) => reader.duplicated);
  const reordered = findings.flatMap((reader) => reader.reordered);
  const silentGaps = findings.flatMap((reader) => silentGapsOf(reader, places));
  const refusedYetStored = publications.filter(({ acked, doubts, refusals }) => acked?.repeated && doubts === 0 && refusals > 0);
  const unfinished = publications.filter(({ acked }) => !acked);
  const examples = [
    ...unfinished.map((one) => `${one.value} in ${one.room}: ${one.failed ?? `no answer after ${one.refusals + one.doubts} attempts`}`),
    ...missing.examples,
    ...[...unexpected].map((value) => `${value} was never published in its room`),
    ...duplicated,
    ...places.storedTwice,
    ...reordered,
    ...silentGaps,
    ...places.diverged,
    ...refusedYetStored.map((one) => `${one.value} in ${one.room}: refused ${one.refusals} times, yet stored`),
  ];
  return {
    published: publications.length,
    acked: publications.length - unfinished.length,
    read: findings.reduce((sum, { seen }) => sum + seen.size, 0),
    repeatedAcks: publications.filter(({ acked }) => acked?.repeated).length,
    logEntries: log?.length ?? 0,
    shownAgain: findings.reduce((sum, { shownAgain }) => sum + shownAgain, 0),
    unfinished: unfinished.length,
    ...missing.counts,
    unexpected: unexpected.size,
    duplicated: duplicated.length,
    storedTwice: places.storedTwice.length,
    reordered: reordered.length,
    silentGaps: silentGaps.length,
    diverged: places.diverged.length,
    refusedYetStored: refusedYetStored.length,
    examples: examples.slice(0, EXAMPLES),
  };
}

/** Each run of places that a reader passed over once. What it had before an epoch changed need not be shown to it again. */
function silentGapsOf({ reader, room, seen, passedOver, untoldChanges }: ReaderFindings, places: PlaceBook): string[] {
  const missing = passedOver.filter((place) => !seen.has(places.at(room, place) ?? Number.NaN));
  const starts = missing.filter(({ stream, seq }, index) => {
    const previous = missing[index - 1];
    return previous?.stream !== stream || previous.seq !== seq - 1;
  });
  return [
    ...untoldChanges,
    ...starts.map(({ stream, seq }) => `${reader} in ${room}: from ${stream}:${seq} on, passed over without a word`),
  ];
}

/** Which acknowledged messages which readers, or the log, do not have, and whether they know. */
function findMissing(publications: readonly Publication[], findings: readonly ReaderFindings[], log: readonly LogRead[] | undefined) {
  const counts = { lost: 0, lostHead: 0, lostMiddle: 0, lostTail: 0, announcedLost: 0, passedOver: 0, missingInLog: 0 };
  const examples: string[] = [];
  const invoked = new Map(publications.map(({ value, invokedMs }) => [value, invokedMs]));
  const readersOf = groupBy(findings, ({ room }) => room);
  const logged = new Set(log?.map(({ value }) => value));
  const lastStreams = new Set(log?.map(({ room, place }) => streamKey(room, place)));
  for (const { value, room, invokedMs, acked } of publications) {
    if (!acked) continue;
    const inLog = logged.has(value);
    if (!inLog && lastStreams.has(streamKey(room, acked.place))) {
      counts.missingInLog++;
      examples.push(`${value} in ${room}: acknowledged at ${acked.place.stream}:${acked.place.seq}, not in the log`);
    }
    const without = (readersOf.get(room) ?? []).filter(({ seen, subscribedMs }) => subscribedMs <= invokedMs && !seen.has(value));
    const untold = without.filter((reader) => !reader.wasTold(acked.place));
    if (inLog) counts.passedOver += without.length - untold.length;
    if (untold.length > 0) counts.lost++;
    else if (without.length > 0 && !inLog) counts.announcedLost++;
    for (const reader of untold) {
      const where = whereIn(reader, invokedMs, invoked);
      counts[`lost${where}`]++;
      examples.push(`${reader.reader} in ${room}: never got ${value} (${acked.place.stream}:${acked.place.seq}; ${where.toLowerCase()})`);
    }
  }
  return { counts, examples };
}

const streamKey = (room: string, { stream }: Place) => `${room} ${stream}`;

function whereIn({ first, last }: ReaderFindings, invokedMs: number, invoked: ReadonlyMap<number, number>): 'Head' | 'Middle' | 'Tail' {
  if (first === undefined || invokedMs < (invoked.get(first) ?? 0)) return 'Head';
  return invokedMs > (invoked.get(last!) ?? 0) ? 'Tail' : 'Middle';
}
