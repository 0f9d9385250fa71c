import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Dressing, ScriptRunner } from '../support/delivery-run.js';
import { PAYLOADS, scripts } from '../support/delivery-script.js';
import { DELIVERIES, openStage } from '../support/delivery-stage.js';
import { testScope } from '../support/scope.js';

const scope = testScope();
/** The seed is in the names of the tests, and a failure prints the shortest script that it found; DELIVERY_SEED runs the same scripts again. */
const SEED = Number(process.env.DELIVERY_SEED ?? Date.now() % 2 ** 31);
const SCRIPTS = 20;

/** Milliseconds from the first failure on for which a shorter script is looked for: what was lost is waited for, each time. */
const SEARCH_MS = 20_000;

/** The agreements on compression that clients make: with the server's context kept (the default), without, with a small window, none. */
const COMPRESSED: Dressing = {
  other: { perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true } as never },
  upgrade: { perMessageDeflate: { serverMaxWindowBits: 9 } as never },
  leaver: { perMessageDeflate: false as never },
};

test('the scripts have all kinds of steps and callers in them', () => {
  const turns = fc.sample(fc.noBias(scripts), { seed: SEED, numRuns: SCRIPTS }).flat();
  const steps = turns.flatMap((turn) => turn.steps);
  const emits = steps.flatMap((step) => (step.do === 'emit' ? [step] : []));
  const kinds = (values: readonly unknown[]) => new Set(values.map(String));
  expect(kinds(turns.map(({ by }) => by)).size).toBe(8);
  expect(kinds(steps.map((step) => `${step.do} ${'how' in step ? step.how : ''}`)).size).toBe(12);
  expect(kinds(emits.map(({ payload }) => payload)).size).toBe(PAYLOADS.length);
  expect(kinds(emits.map(({ from }) => from)).size).toBe(3);
  for (const flag of ['volatile', 'compress', 'local'] as const) expect(kinds(emits.map((emit) => emit[flag])).size).toBe(2);
  expect(kinds(emits.map(({ namespace }) => namespace)).size).toBe(2);
  expect(emits.some(({ to, except }) => to.length > 1 && except.length > 0)).toBe(true);
});

describe.each(DELIVERIES)(`delivery %s, DELIVERY_SEED=${SEED}`, (delivery) => {
  test.each([
    ['without compression', { deliveryWindowMs: 0 }, {}],
    ['with compression and a window', { compression: true, compressionThresholdBytes: 64, deliveryWindowMs: 2 }, COMPRESSED],
  ])(
    'whatever a server does, everybody hears what stock Socket.IO would send, in that order, %s',
    async (_what, options, dressing) => {
      const runner = new ScriptRunner(await openStage(scope, delivery, options), dressing);
      let searchUntil = Number.POSITIVE_INFINITY;
      const property = fc.asyncProperty(fc.noBias(scripts), async (turns) => {
        fc.pre(performance.now() < searchUntil);
        const { heard, expected } = await runner.run(turns);
        if (!isDeepStrictEqual(heard, expected)) searchUntil = Math.min(searchUntil, performance.now() + SEARCH_MS);
        expect(heard).toEqual(expected);
      });
      await fc.assert(property, { seed: SEED, numRuns: SCRIPTS });
    },
    180_000,
  );
});
