import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultCluster } from './cluster.js';
import { commandOf, type FaultCommand, readCommand } from './command-line.js';
import { withJobs, withRun, withStorm } from './document.js';
import { type JobsCommand, jobsCommandOf } from './jobs/command-line.js';
import { textJobs, wrongWithJobs } from './jobs/report.js';
import { type JobsRun, runJobFaults } from './jobs/run.js';
import { textReport, wrongWith } from './report.js';
import { type FaultRun, runFaults } from './run.js';
import { type StormCommand, stormCommandOf } from './storm/command-line.js';
import { textStorm, wrongWithStorm } from './storm/report.js';
import { runStorm, type StormRun } from './storm/run.js';
import { Undo } from './undo.js';

// Runs from dist/bench/faults: the repository is three levels up.
const DOCS_DIR = fileURLToPath(new URL('../../../docs/', import.meta.url));

const startMs = performance.now();
/** Progress goes beside the result, which is all that the standard output gets. */
const say = (line: string) => console.error(`${((performance.now() - startMs) / 1_000).toFixed(1).padStart(7)} s  ${line}`);

/** Whatever it starts ends with it, also when it is told to stop. */
async function undoing(work: (undo: Undo) => Promise<void>): Promise<void> {
  const undo = new Undo();
  let stopped = false;
  const stop = () => {
    stopped = true;
    void undo.run();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await work(undo);
  } catch (error) {
    throw stopped ? new Error('stopped') : error;
  } finally {
    await undo.run();
  }
}

async function run({ settings, jsonFile, logsDir, write, docsDir }: FaultCommand & { do: 'run' }, undo: Undo): Promise<void> {
  const result = await runFaults(undo, settings, say, logsTo(logsDir));
  const complete: FaultRun = { ...result, settings, command: commandOf(settings) };
  console.log(textReport(complete));
  if (jsonFile !== undefined) await writeJson(jsonFile, complete);
  if (write) await writeDocument((document) => withRun(document, complete), docsDir);
  // The control is there to be seen failing.
  if (settings.side === 'roomcast' && wrongWith(complete).length > 0) process.exitCode = 2;
}

async function jobs({ settings, jsonFile, logsDir, write, docsDir }: JobsCommand, undo: Undo): Promise<void> {
  const complete: JobsRun = { ...(await runJobFaults(undo, settings, say, logsTo(logsDir))), command: jobsCommandOf(settings) };
  console.log(textJobs(complete));
  if (jsonFile !== undefined) await writeJson(jsonFile, complete);
  if (write) await writeDocument((document) => withJobs(document, complete), docsDir);
  if (wrongWithJobs(complete).length > 0) process.exitCode = 2;
}

async function storm({ settings, jsonFile, write, docsDir }: StormCommand, undo: Undo): Promise<void> {
  const complete: StormRun = { ...(await runStorm(undo, settings, say)), command: stormCommandOf(settings) };
  console.log(textStorm(complete));
  if (jsonFile !== undefined) await writeJson(jsonFile, complete);
  if (write) await writeDocument((document) => withStorm(document, complete), docsDir);
  if (wrongWithStorm(complete).length > 0) process.exitCode = 2;
}

const writeJson = (file: string, result: object) => writeFile(file, `${JSON.stringify(result, null, 2)}\n`);

/** What the processes printed, where somebody wants it. */
const logsTo = (dir: string | undefined) => async (cluster: FaultCluster) => (dir === undefined ? undefined : writeLogs(cluster, dir));

async function writeLogs({ instances, workers, nginx }: FaultCluster, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const member of [...instances, ...workers, nginx]) await writeFile(join(dir, `${member.name}.log`), member.output());
}

function carryOutCommand(command: Exclude<FaultCommand, { do: 'help' }>, undo: Undo): Promise<void> {
  if (command.do === 'storm') return storm(command, undo);
  return command.do === 'jobs' ? jobs(command, undo) : run(command, undo);
}

async function writeDocument(written: (document: string) => string, dir = DOCS_DIR): Promise<void> {
  const file = join(dir, 'reliability.md');
  await writeFile(file, written(await readFile(file, 'utf8')));
  say(`written: ${file}`);
}

try {
  const command = readCommand(process.argv.slice(2));
  if (command.do === 'help') console.log(command.text);
  else await undoing((undo) => carryOutCommand(command, undo));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
