// Shows a metric room in the terminal: what it holds at once, then each frame.
//
//   node examples/metrics-dashboard.js          beside metrics-publisher.js
//   node examples/metrics-dashboard.js http://127.0.0.1:3000 metrics:host
import { connect } from 'roomcast/client';

const [url = 'http://127.0.0.1:3000', room = 'metrics:bakery'] = process.argv.slice(2);
const hub = connect(url, { name: 'Dashboard' });
hub.on('error', (error) => console.error(`${error.code}: ${error.message}`));

// Two frames a second are enough for eyes; the hub coalesces what comes faster.
const metrics = hub.metrics(room, { maxHz: 2 });
metrics.on('snapshot', ({ names, backfill }) => console.log(`${names.length} series, ${backfill.length} moments of the last minutes`));
metrics.on('frame', ({ t }) => {
  const time = new Date(t).toISOString().slice(11, 23);
  const values = [...metrics.latest].map(([name, { value }]) => `${name} ${Number(value.toPrecision(5))}`);
  console.log(`${time}  ${values.join('  ')}`);
});
process.once('SIGINT', () => void hub.close());
