import { formatPosition } from '../../shared/position.js';
import type { JobState, Message } from '../../shared/protocol.js';
import { SYSTEM } from '../auth/principal.js';
import type { LogEntry } from '../log/room-log.js';
import type { RoomFeed } from './room-feed.js';

/** Whether a message is a job's end, in the job's own room. Nothing comes after it, unless it failed and is run again. */
export function isJobEnd({ room, type, data }: Message): boolean {
  return room.startsWith('job:') && type === 'job' && (data as JobState | null)?.endedAt !== undefined;
}

/** The end of a job whose room has forgotten it, as it stood there: the last message. */
export function forgottenEnd({ room, epoch, last: seq }: RoomFeed, state: JobState): LogEntry {
  const said = { type: 'job', data: state, from: SYSTEM.user, time: state.endedAt ?? state.createdAt };
  const message = { room, position: formatPosition(epoch, seq), id: `${state.jobId}.r${state.revision}`, ...said };
  return { epoch, seq, bytes: 0, message };
}
