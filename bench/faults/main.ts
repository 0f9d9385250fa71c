import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FaultCluster } from './cluster.js';
import { commandOf, type FaultCommand, readCommand } from './command-line.js';
import { withRun } from './document.js';
import { textReport, wrongWith } from './report.js';
import { type FaultRun, runFaults } from './run.js';
import { Undo } from './undo.js';

// Runs from dist/bench/faults: the repository is three levels up.
const DOCS_DIR = fileURLToPath(new URL('../../../docs/', import.meta.url));

const startMs = performance.now();
/** Progress goes beside the result, which is all that the standard output gets. */
const say = (line: string) => console.error(`${((performance.now() - startMs) / 1_000).toFixed(1).padStart(7)} s  ${line}`);

async function run({ settings, jsonFile, logsDir, write, docsDir }: FaultCommand & { do: 'run' }): Promise<void> {
  const undo = new Undo();
  let stopped = false;
  const stop = () => {
    stopped = true;
    void undo.run();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const onEnd = async (cluster: FaultCluster) => (logsDir === undefined ? undefined : writeLogs(cluster, logsDir));
    const result = await runFaults(undo, settings, say, onEnd);
    const complete: FaultRun = { ...result, settings, command: commandOf(settings) };
    console.log(textReport(complete));
    if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(complete, null, 2)}\n`);
    if (write) await writeDocument(complete, docsDir ?? DOCS_DIR);
    // The control is there to be seen failing.
    if (settings.side === 'roomcast' && wrongWith(complete).length > 0) process.exitCode = 2;
  } catch (error) {
    throw stopped ? new Error('stopped') : error;
  } finally {
    await undo.run();
  }
}

async function writeLogs({ instances, workers, nginx }: FaultCluster, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const member of [...instances, ...workers, nginx]) await writeFile(join(dir, `${member.name}.log`), member.output());
}

async function writeDocument(result: FaultRun, dir: string): Promise<void> {
  const file = join(dir, 'reliability.md');
  await writeFile(file, withRun(await readFile(file, 'utf8'), result));
  say(`written: ${file}`);
}

try {
  const command = readCommand(process.argv.slice(2));
  if (command.do === 'help') console.log(command.text);
  else await run(command);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
