import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The socket on which an instance hears the others. The directory is open to this user only. */
export const meetingPath = (dir: string, id: number): string => join(dir, String(id));

/** Every instance that runs or still leaves, and those that died a moment ago. */
export async function peersIn(dir: string): Promise<number[]> {
  return (await readdir(dir)).filter((name) => /^[0-9]+$/.test(name)).map(Number);
}
