import { parseSeries } from '../../../shared/series-name.js';
import { clockSeconds, duration, fullTime } from '../lib/format.js';
import { formatValue, type Unit, unitOf } from '../metrics/units.js';
import { type JobOutcome, type RollupSeries, SUMMARY, type Summary } from './results.js';

/** Percentiles of each series over all of the time, and by step on demand. */
export function RollupTable({ outcome: { from, to, stepMs, series } }: { outcome: Extract<JobOutcome, { kind: 'rollup' }> }) {
  if (series.length === 0) return <p class="muted">No series of the room matches, or none had a value in this time.</p>;
  return (
    <>
      <p class="muted">
        {fullTime(from)} to {fullTime(to)}
      </p>
      <div class="scrolls">
        <table class="rows numbers">
          <Columns first="Series" />
          <tbody>
            {series.map((one) => (
              <tr key={one.series}>
                <th scope="row">{one.series}</th>
                <Cells summary={one} unit={unitOfSeries(one.series)} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {series.map((one) => (
        <Steps key={one.series} series={one} stepMs={stepMs} />
      ))}
    </>
  );
}

function Steps({ series, stepMs }: { series: RollupSeries; stepMs: number }) {
  const unit = unitOfSeries(series.series);
  return (
    <details class="steps">
      <summary>
        {series.series} in steps of {duration(stepMs)}
      </summary>
      <div class="scrolls">
        <table class="rows numbers">
          <Columns first="From" />
          <tbody>
            {series.steps.map((step) => (
              <tr key={step.t}>
                <th scope="row">{clockSeconds(step.t)}</th>
                <Cells summary={step} unit={unit} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Columns({ first }: { first: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {SUMMARY.map((column) => (
          <th key={column} scope="col">
            {column}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Cells({ summary, unit }: { summary: Summary; unit: Unit }) {
  return (
    <>
      {SUMMARY.map((column) => (
        <td key={column}>{formatValue(summary[column], column === 'count' ? 'count' : unit)}</td>
      ))}
    </>
  );
}

function unitOfSeries(series: string): Unit {
  try {
    return unitOf(parseSeries(series).name);
  } catch {
    return 'count';
  }
}
