import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { buildSources, installDependencies } from './prepare.mjs';
import { ROOT } from './root.mjs';
import { run } from './run.mjs';
import { installSystemParts } from './system-parts.mjs';

const BIN = (name) => join(ROOT, 'node_modules', name);

/** Checks of the whole tree; each counts as one. */
const CHECKS = [
  { what: 'format and lint', args: [BIN('@biomejs/biome/bin/biome'), 'check', '.'] },
  { what: 'types', args: [BIN('typescript/bin/tsc'), '--noEmit'] },
  { what: "the pages' types", args: [BIN('typescript/bin/tsc'), '--noEmit', '-p', 'client/web'], needs: 'client/web/tsconfig.json' },
];

/** Runs everything that the arguments choose, says the sum on the last line, and gives the exit code. */
export async function runTests(filters) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  // Debian puts servers where only root looks.
  const env = { ...process.env, CI: 'true', PATH: [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter) };
  try {
    await installDependencies();
    await installSystemParts(env);
    if (filters.length === 0) {
      for (const check of CHECKS) add(sum, await runCheck(check, env));
    }
    add(sum, await runBuild());
    for (const project of ['unit', 'e2e']) add(sum, await runJest(project, filters, env));
  } catch (error) {
    console.error(error.message);
    sum.failed++;
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
  return sum.failed === 0 ? 0 : 1;
}

function add(sum, { passed, failed, skipped = 0 }) {
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += skipped;
}

async function runCheck({ what, args, needs }, env) {
  if (needs && !existsSync(join(ROOT, needs))) return { passed: 0, failed: 0 };
  const { code, output } = await run(process.execPath, args, { cwd: ROOT, env });
  console.log(code === 0 ? `ok    ${what}` : `${output}\nbad   ${what}`);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runBuild() {
  try {
    await buildSources();
    console.log('ok    build');
    return { passed: 1, failed: 0 };
  } catch (error) {
    console.log(`${error.message}\nbad   build`);
    return { passed: 0, failed: 1 };
  }
}

/** Runs one of Jest's projects and counts by what Jest wrote down: a suite that could not run is a failure, so is a run without a result. */
async function runJest(project, filters, env) {
  const dir = mkdtempSync(join(tmpdir(), 'roomcast-test-'));
  const file = join(dir, 'results.json');
  const jest = ['--no-warnings', '--experimental-vm-modules', BIN('jest/bin/jest.js')];
  // What the tests start is ended by them; a forgotten handle must not keep the whole run from ending.
  const flags = ['--json', '--outputFile', file, '--forceExit', '--passWithNoTests', '--maxWorkers=2'];
  try {
    const { code } = await run(process.execPath, [...jest, ...filters, ...flags, '--selectProjects', project], {
      cwd: ROOT,
      env,
      quiet: 'stdout',
    });
    const results = JSON.parse(readFileSync(file, 'utf8'));
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    return {
      passed: results.numPassedTests,
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch (error) {
    console.error(`The ${project} tests gave no result: ${error.message}`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
