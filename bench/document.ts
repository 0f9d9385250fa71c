import { barChart } from './bar-chart.js';
import { describeClaim, describeConditions, markdownTable, tablesOf } from './report.js';
import { type BenchResult, groupsOf } from './result.js';

const markersOf = (scenario: string) => [`<!-- ${scenario}: written by \`npm run bench\` -->`, `<!-- end of ${scenario} -->`] as const;

/** Beside the document. */
export const pictureName = (scenario: string) => `benchmarks-${scenario}.svg`;

/**
 * The document with a scenario's part made anew.
 * @throws Error when it lacks the markers
 */
export function withResult(document: string, result: BenchResult): string {
  const [start, end] = markersOf(result.scenario);
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document lacks the line ${start} or ${end}`);
  return `${document.slice(0, from)}${start}\n\n${sectionOf(result)}\n\n${document.slice(to)}`;
}

function sectionOf(result: BenchResult): string {
  const { scenario, command, startedAt, measures, pictured, claims } = result;
  const shown = pictured.map((key) => measures.find((measure) => measure.key === key)!.label).join(', ');
  return [
    `![${shown}, by mode](${pictureName(scenario)})`,
    ...tablesOf(result).flatMap(({ group, rows }) => [...(group === undefined ? [] : [`**${group}**`]), markdownTable(rows)]),
    `${describeConditions(result)} Measured on ${startedAt.slice(0, 10)} by`,
    `\`\`\`sh\n${command}\n\`\`\``,
    ...(claims.length > 0 ? [claims.map((claim) => `- ${describeClaim(result, claim)}`).join('\n')] : []),
  ].join('\n\n');
}

/** The picture: the pictured measures of each mode as bars. */
export function pictureOf({ scenario, measures, pictured, modes }: BenchResult): string {
  return barChart({
    title: `Benchmark ${scenario}`,
    panels: pictured.flatMap((key) => {
      const { label, unit, digits } = measures.find((measure) => measure.key === key)!;
      return groupsOf(modes).map(({ group, modes: those }) => ({
        title: [...(group === undefined ? [] : [`${group}:`]), unit === '' ? label : `${label}, ${unit}`].join(' '),
        digits,
        bars: those.map((mode) => ({ label: mode.label, value: mode.median[key]!, isControl: mode.isControl === true })),
      }));
    }),
  });
}
