import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT, storageHome, temporaryDir } from './files.js';
import type { Scope } from './scope.js';

const MAIN = join(ROOT, 'dist/bench/faults/main.js');

/** Runs the fault bench to its end, whatever it finds. @throws Error with what it said when it did not come to one */
export async function runFaultBench<Run>(scope: Scope, flags: string): Promise<{ run: Run; stdout: string }> {
  const jsonFile = join(await temporaryDir(scope), 'run.json');
  const env = { ...process.env, TMPDIR: await storageHome() };
  const ran = promisify(execFile)(process.execPath, [MAIN, ...flags.split(' '), '--json', jsonFile], { cwd: ROOT, env });
  const { stdout, stderr } = await ran.catch((failed: { stdout: string; stderr: string }) => failed);
  const text = await readFile(jsonFile, 'utf8').catch(() => {
    throw new Error(`the run did not end:\n${stderr}`);
  });
  return { run: JSON.parse(text), stdout };
}
