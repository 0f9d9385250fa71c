import { markdownReport } from './report.js';
import type { FaultRun } from './run.js';

/** The document with this side's part made anew. @throws Error when it lacks the markers */
export function withRun(document: string, run: FaultRun): string {
  const start = `<!-- ${run.settings.side}: written by \`npm run faults\` -->`;
  const end = `<!-- end of ${run.settings.side} -->`;
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document lacks the line ${start} or ${end}`);
  return `${document.slice(0, from)}${start}\n\n${markdownReport(run)}\n\n${document.slice(to)}`;
}
