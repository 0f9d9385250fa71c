/** The built file of a job's thread: a thread loads no TypeScript. */
export const THREAD_FILE = new URL('../jobs/thread.js', import.meta.url);
