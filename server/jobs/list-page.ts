import { BOUNDS } from '../../shared/limits.js';
import type { JobState } from '../../shared/protocol.js';

/** What a list has of each state, in turn: a list of large results would be read and written as one, so past a page's bytes they stand without what the handler gave. */
export function createListPage(): (state: JobState) => JobState {
  let left = BOUNDS.pageBytes;
  return (state) => {
    if (left > 0) left -= JSON.stringify(state).length;
    return left > 0 ? state : withoutPayload(state);
  };
}

function withoutPayload({ result: _, progress, ...state }: JobState): JobState {
  return { ...state, ...(progress && { progress: { done: progress.done } }) };
}
