import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createNodeRedisClient, Queue, QueueEvents, Worker } from 'bullmq';
import { createClient } from 'redis';
import { Server, type Socket } from 'socket.io';
import { LOOP_CONCURRENCY } from './calls.js';

const QUEUE = 'empty';

/** Jobs behind Socket.IO without a hub: who submits is told of the end, if it is still connected to this instance by then. */
export async function openPlainBullmq(redisUrl: string): Promise<{ url: string }> {
  const connection = createNodeRedisClient(createClient({ url: redisUrl }));
  const queue = new Queue(QUEUE, { connection });
  const worker = new Worker(QUEUE, async () => ({}), { connection, concurrency: LOOP_CONCURRENCY });
  const events = new QueueEvents(QUEUE, { connection });
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady(), events.waitUntilReady()]);

  const submitters = new Map<string, Socket>();
  const server = createServer();
  const io = new Server(server);
  let jobs = 0;
  io.on('connection', (socket) => {
    socket.on('job:submit', async ({ input }: { input: unknown }, ack: (answer: unknown) => void) => {
      const jobId = `j-${++jobs}`;
      submitters.set(jobId, socket);
      await queue.add(QUEUE, input, { jobId, removeOnComplete: { count: 100 } });
      ack({ ok: true, jobId });
    });
  });
  events.on('completed', ({ jobId, returnvalue }) => {
    submitters.get(jobId)?.emit('job', { jobId, state: 'done', result: returnvalue });
    submitters.delete(jobId);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
