import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Dressing, ScriptRunner } from '../support/delivery-run.js';
import { scripts } from '../support/delivery-script.js';
import { DELIVERIES, openStage } from '../support/delivery-stage.js';
import { testScope } from '../support/scope.js';

const scope = testScope();
/** A failure prints the seed and the shortest script that it found; DELIVERY_SEED runs the same scripts again. */
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

describe.each(DELIVERIES)('delivery %s', (delivery) => {
  test.each([
    ['without compression', {}, {}],
    ['with compression', { compression: true, compressionThresholdBytes: 64 }, COMPRESSED],
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
    90_000,
  );
});
