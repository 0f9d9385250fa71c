// Handlers that the tests load with ROOMCAST_JOB_HANDLERS.
import { defineJob } from 'roomcast';
import { z } from 'zod';

const counting = z.strictObject({ steps: z.int().min(1), stepMs: z.int().min(0), room: z.string(), until: z.string().optional() });
const module = (name) => new URL(`./${name}.mjs`, import.meta.url);

export default [
  defineJob({
    name: 'count',
    input: counting,
    module: module('count'),
    attempts: 3,
    backoffMs: 50,
  }),
  defineJob({
    name: 'count-for-room',
    input: counting,
    module: module('count'),
    room: 'room',
    reach: 'room',
  }),
  defineJob({ name: 'stubborn', input: z.strictObject({}), module: module('stubborn') }),
  defineJob({ name: 'poison', input: z.strictObject({}), module: module('poison'), attempts: 100, backoffMs: 0 }),
  defineJob({ name: 'fails', input: z.strictObject({}), module: module('fails'), attempts: 2, backoffMs: 50 }),
];
