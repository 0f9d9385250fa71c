import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchCommand, commandOf, readCommand } from './command-line.js';
import { type Placement, placeApart } from './cpus.js';
import { pictureName, pictureOf, withResult } from './document.js';
import { isBusy, type MachineFacts, readMachine } from './machine.js';
import { measure } from './measure.js';
import { textReport } from './report.js';
import { type BenchResult, summarise } from './result.js';
import type { RunSettings, Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios.js';
import { Workbench } from './workbench.js';

// Runs from dist/bench: the repository is two levels up.
const DOCS_DIR = fileURLToPath(new URL('../../docs/', import.meta.url));

/** Progress goes beside the result, which is all that the standard output gets. */
const say = (line: string) => console.error(line);

async function run({ runs, placement: chosen, jsonFile, write, docsDir }: BenchCommand & { do: 'run' }): Promise<void> {
  const workbench = new Workbench({ ...placeApart(), ...chosen });
  const stop = () => void workbench.stop();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const results: BenchResult[] = [];
  // Before all of them: what loads the machine later is the benchmark.
  const machine = readMachine();
  if (isBusy(machine)) say(`this machine is busy (load ${machine.loadBefore}): the figures will tell more of that than of the code`);
  try {
    for (const { scenario, settings } of runs) {
      const result = await runScenario(scenario, settings, { workbench, machine, chosen });
      console.log(`${textReport(result)}\n`);
      results.push(result);
      if (write) await writeDocument(result, docsDir ?? DOCS_DIR);
      const whole = runs.length === 1 ? result : results;
      if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(whole, null, 2)}\n`);
    }
  } catch (error) {
    throw workbench.stopped ? new Error('stopped') : error;
  } finally {
    await workbench.stop();
  }
}

async function runScenario(
  scenario: Scenario,
  settings: RunSettings & { repeats: number },
  { workbench, machine, chosen }: { workbench: Workbench; machine: MachineFacts; chosen: Placement },
): Promise<BenchResult> {
  const startedAt = new Date().toISOString();
  const { facts, runs } = await measure(scenario, workbench, settings, say);
  const command = commandOf(scenario, settings, chosen);
  return summarise(scenario, runs, { command, startedAt, machine, placement: workbench.placement, settings, facts });
}

async function writeDocument(result: BenchResult, dir: string): Promise<void> {
  const file = join(dir, 'benchmarks.md');
  await writeFile(file, withResult(await readFile(file, 'utf8'), result));
  await writeFile(join(dir, pictureName(result.scenario)), pictureOf(result));
  say(`written: ${file} and the picture beside it`);
}

try {
  const command = readCommand(process.argv.slice(2), SCENARIOS);
  if (command.do === 'help') console.log(command.text);
  else await run(command);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
