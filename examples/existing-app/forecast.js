/** A heavy handler: it keeps a processor busy, says how far it is, and stops when it is told to. */
export function run({ days }, { progress, signal }) {
  let demand = 50;
  let highest = 0;
  for (let day = 0; day < days; day++) {
    signal.throwIfAborted();
    for (let guess = 0; guess < 50_000; guess++) demand = 50 + 40 * Math.sin(demand + day * 0.7);
    highest = Math.max(highest, demand);
    progress((day + 1) / days, { note: `day ${day + 1} of ${days}` });
  }
  return { days, highest: Math.round(highest) };
}
