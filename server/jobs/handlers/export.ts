import type { z } from 'zod';
import { HubError } from '../../../shared/errors.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { LogEntry } from '../../log/room-log.js';
import type { JobContext } from '../handler.js';
import { type ExportFormat, FORMATS } from './export-formats.js';
import type { exportInput } from './inputs.js';
import { resultName } from './result-name.js';
import { type Current, isRevision, mayRevise, Revisions } from './revisions.js';

export interface ExportResult {
  file: string;
  bytes: number;
  contentType: string;
  /** Messages written; deleted ones, and the messages that edit or delete others, are not among them. */
  messages: number;
}

/**
 * Writes a room's history to a file, oldest first, as it is now: edited texts, without the deleted ones. It goes through the log twice,
 * because what became of a message is told after it, and holds one page at a time.
 * @throws HubError `unavailable` when the room was forgotten meanwhile: what was read is not all, or not of one log
 */
export async function run({ room, format: formatName }: z.output<typeof exportInput>, context: JobContext): Promise<ExportResult> {
  const { rooms, signal, progress, openResult } = context;
  const name = room as RoomName;
  const { epoch, first, last } = await rooms.ends(name);
  const total = Math.max(1, last - first + 1);
  const revisions = new Revisions(rooms, name);
  const all = { before: last + 1 };

  for await (const page of rooms.pages(name, all)) {
    signal.throwIfAborted();
    for (const entry of page) if (mayRevise(entry)) revisions.note(entry);
    progress((page.at(-1)!.seq - first + 1) / total / 2, { note: 'looking for edits' });
  }

  const format = FORMATS[formatName];
  const { contentType, extension } = format;
  const file = await openResult({ name: resultName(room, extension), contentType });
  let messages = 0;
  try {
    await file.write(format.begin(room));
    for await (const page of rooms.pages(name, all)) {
      signal.throwIfAborted();
      let text = '';
      for (const entry of page) {
        const asked = write(entry, format, revisions);
        const written = asked instanceof Promise ? await asked : asked;
        if (written === undefined) continue;
        text += written;
        messages++;
      }
      await file.write(text);
      progress(0.5 + Math.min(0.5, (page.at(-1)!.seq - first + 1) / total / 2), { note: `${messages} messages written` });
    }
    if ((await rooms.ends(name)).epoch !== epoch) throw new HubError('unavailable', 'the room was begun anew while it was exported');
    await file.write(format.end(messages));
    return { ...(await file.finish()), messages };
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** An entry as it stands in the file; undefined: it is deleted, or about another message. Almost none needs a pause, and few their message. */
function write(entry: LogEntry, format: ExportFormat, revisions: Revisions): string | undefined | Promise<string | undefined> {
  const isRevised = revisions.isRevised(entry);
  if (!isRevised && format.writeJson && entry.json !== undefined && !mayRevise(entry)) return format.writeJson(entry.json);
  if (isRevision(entry.message)) return undefined;
  const writeCurrent = (current: Current) => current && format.write(current.message, current.edited);
  const current = revisions.current(entry);
  return current instanceof Promise ? current.then(writeCurrent) : writeCurrent(current);
}
