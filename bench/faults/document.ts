import { markdownJobs } from './jobs/report.js';
import type { JobsRun } from './jobs/run.js';
import { markdownReport } from './report.js';
import type { FaultRun } from './run.js';
import { markdownStorm } from './storm/report.js';
import type { StormRun } from './storm/run.js';

/** The document with this side's part made anew. @throws Error when it lacks the markers */
export function withRun(document: string, run: FaultRun): string {
  return withPart(document, run.settings.side, markdownReport(run));
}

/** The document with the storm's part made anew. @throws Error when it lacks the markers */
export function withStorm(document: string, run: StormRun): string {
  return withPart(document, 'storm', markdownStorm(run));
}

/** The document with the jobs' part made anew. @throws Error when it lacks the markers */
export function withJobs(document: string, run: JobsRun): string {
  return withPart(document, 'jobs', markdownJobs(run));
}

function withPart(document: string, part: string, report: string): string {
  const start = `<!-- ${part}: written by \`npm run faults\` -->`;
  const end = `<!-- end of ${part} -->`;
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document lacks the line ${start} or ${end}`);
  return `${document.slice(0, from)}${start}\n\n${report}\n\n${document.slice(to)}`;
}
