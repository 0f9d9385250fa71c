import { formatSeries } from '../../shared/series-name.js';
import { partsOf } from '../../shared/series-pattern.js';

type Values = (number | null)[];

/** How the values that several series have at one step become one. */
const COMBINE = {
  sum: (values: number[]) => values.reduce((a, b) => a + b, 0),
  avg: (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length,
  min: (values: number[]) => values.reduce((a, b) => Math.min(a, b)),
  max: (values: number[]) => values.reduce((a, b) => Math.max(a, b)),
  count: (values: number[]) => values.length,
};
export type Combine = keyof typeof COMBINE;
export const COMBINES = Object.keys(COMBINE) as Combine[];

/** Where nobody says: what is right for most. */
const USUAL: Readonly<Record<string, Combine>> = { sum: 'sum', count: 'sum', rate: 'sum', min: 'min', avg: 'avg', last: 'avg' };
export const usualCombine = (aggregate: string): Combine => USUAL[aggregate] ?? 'max';

/** One series for all that have the name and the values of these labels in common. A step has a value where one of them has. */
export function groupSeries(series: ReadonlyMap<string, Values>, labels: readonly string[], combine: Combine): Map<string, Values> {
  const groups = new Map<string, Values[]>();
  for (const [text, values] of series) {
    const { name, labels: own } = partsOf(text);
    const group = formatSeries(
      name,
      Object.fromEntries(labels.map((label) => [label, Object.hasOwn(own, label) ? (own[label] ?? '') : ''])),
    );
    groups.set(group, [...(groups.get(group) ?? []), values]);
  }
  return new Map([...groups].map(([group, members]) => [group, combineSteps(members, combine)]));
}

function combineSteps(members: readonly Values[], combine: Combine): Values {
  return (members[0] ?? []).map((_, step) => {
    const values = members.flatMap((member) => member[step] ?? []);
    return values.length === 0 ? null : COMBINE[combine](values);
  });
}
