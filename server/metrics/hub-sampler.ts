import { formatSeries } from '../../shared/series-name.js';
import { Rates } from './rates.js';
import { type SamplerOptions, startSampler } from './sampler.js';

type Reading = () => number | Promise<number>;

export interface HubSamplerOptions extends SamplerOptions {
  /** Label `node` of every series: this instance among the others of the hub. */
  readonly node: string;
  /** Numbers that only rise, by name; what they rise by in a second is shown. */
  readonly rates: Readonly<Record<string, Reading>>;
  readonly levels: Readonly<Record<string, Reading>>;
}

/** Samples what the hub knows about itself. Gives the function that ends it. */
export function startHubSampler(options: HubSamplerOptions): () => void {
  const { node, rates, levels } = options;
  const read = (readings: Readonly<Record<string, Reading>>) =>
    Promise.all(Object.entries(readings).map(async ([name, reading]) => [formatSeries(name, { node }), await reading()] as const));
  const risen = new Rates();
  return startSampler(options, async (now) => [...(await read(levels)), ...risen.next(new Map(await read(rates)), now)]);
}
