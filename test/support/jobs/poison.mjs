/** Ends the whole process that runs it, without a word. */
export function run() {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}
