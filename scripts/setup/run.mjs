import { spawn } from 'node:child_process';

/**
 * Runs a program to its end. With `quiet` its output is kept for the caller, with `stdout` only that part of it; else it is shown.
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { cwd, quiet = true, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = ['ignore', quiet ? 'pipe' : 'inherit', quiet === true ? 'pipe' : 'inherit'];
    const child = spawn(command, args, { cwd, env, stdio });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    // Whoever is told to stop takes the program along, so that no half-done install goes on behind its back.
    const stop = (signal) => {
      child.kill(signal);
      child.once('close', () => process.exit(signal === 'SIGINT' ? 130 : 143));
    };
    const signals = ['SIGINT', 'SIGTERM'];
    for (const signal of signals) process.on(signal, stop);
    const done = () => {
      for (const signal of signals) process.off(signal, stop);
    };
    child.on('error', (error) => {
      done();
      reject(new Error(`${command} could not be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      done();
      resolve({ code: code ?? (signal ? 1 : 0), output: Buffer.concat(chunks).toString().trim() });
    });
  });
}

/** As `run`, and throws with `failure` and the program's output when it fails. */
export async function mustRun(failure, command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new Error(output ? `${output}\n${failure}` : failure);
  return output;
}
