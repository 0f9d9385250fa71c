// Publishes a few numbers twice a second into a metric room, over HTTP.
//
//   npm start
//   node examples/metrics-publisher.js          and watch the room metrics:bakery on the page, or with metrics-dashboard.js
import { setInterval as every } from 'node:timers/promises';

const [url = 'http://127.0.0.1:3000', room = 'metrics:bakery'] = process.argv.slice(2);
let sold = 0;

/** What is measured now; a sample without a time gets that of its arrival. */
function measure() {
  sold += Math.floor(Math.random() * 3);
  const warmth = Math.sin(Date.now() / 10_000);
  return [
    { name: 'oven_celsius', labels: { oven: 'left' }, value: 220 + 4 * warmth },
    { name: 'oven_celsius', labels: { oven: 'right' }, value: 180 - 3 * warmth },
    { name: 'rolls_sold_total', value: sold },
  ];
}

for await (const _ of every(500)) {
  try {
    const response = await fetch(`${url}/api/ingest/${room}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(measure()),
    });
    if (!response.ok) console.error(`refused: ${response.status} ${await response.text()}`);
  } catch (error) {
    console.error(`no connection: ${error.message}`);
  }
}
