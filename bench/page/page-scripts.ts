/**
 * What runs in the page: text, because these sources know no DOM. `BEGIN_WATCH` notes long tasks (Long Tasks API), interactions (Event Timing)
 * and frames from then on, `END_WATCH` gives them.
 */
export const BEGIN_WATCH = `(() => {
  const seen = { longTasks: [], interactions: new Map(), frames: 0, stop() {} };
  const tasks = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration);
  });
  tasks.observe({ type: 'longtask' });
  const events = new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries()) {
      if (interactionId) seen.interactions.set(interactionId, Math.max(duration, seen.interactions.get(interactionId) ?? 0));
    }
  });
  events.observe({ type: 'event', durationThreshold: 16 });
  let frame = requestAnimationFrame(function count() {
    seen.frames++;
    frame = requestAnimationFrame(count);
  });
  seen.stop = () => { cancelAnimationFrame(frame); tasks.disconnect(); events.disconnect(); };
  globalThis.benchWatch = seen;
})()`;

export const END_WATCH = `(() => {
  const { longTasks, interactions, frames, stop } = globalThis.benchWatch;
  stop();
  return { longTasks, interactions: [...interactions.values()], frames };
})()`;

/** Where the control page has its client from. */
export const CONTROL_CLIENT = '/socket.io.js';

export const LOG_ROOM = 'logs:bench';

/** A page that appends a node per line, and hides those that do not have what is typed: the tail as it is first written. */
export const controlPage = (hubUrl: string): string => `<!doctype html>
<meta charset="utf-8">
<input data-testid="log-filter">
<div id="list" style="height: 700px; overflow: auto; font: 12.5px/24px monospace; white-space: pre"></div>
<script src="${CONTROL_CLIENT}"></script>
<script>
const list = document.getElementById('list');
const filter = document.querySelector('input');
const show = (node) => { node.hidden = !node.textContent.toLowerCase().includes(filter.value.toLowerCase()); };
filter.addEventListener('input', () => { for (const node of list.children) show(node); });
const socket = io('${hubUrl}', { transports: ['websocket'] });
socket.on('message', ({ data, time }) => {
  for (const line of data.lines) {
    const node = document.createElement('div');
    node.dataset.testid = 'log-line';
    const fields = Object.entries(line.fields ?? {}).map(([name, value]) => name + '=' + value);
    node.textContent = [new Date(line.time ?? time).toLocaleTimeString(), line.level, line.source, line.text, ...fields].join(' ');
    show(node);
    list.append(node);
    if (list.childElementCount > 50000) list.firstElementChild.remove();
    list.scrollTop = list.scrollHeight;
  }
});
// Busy with lines it does not answer the hub, which lets it go; as any client it comes back.
socket.on('connect', () => socket.emit('subscribe', { room: '${LOG_ROOM}', last: 0 }, () => {}));
</script>`;
