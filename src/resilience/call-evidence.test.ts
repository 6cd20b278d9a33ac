import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCallEvidence, type Tally } from './call-evidence.ts';

const size = 3;
const causes = ['card:a', 'card:b', 'client:c'];

type Step =
  | { kind: 'started'; causes: string[] }
  | { kind: 'ended'; failed: boolean; causes: string[] }
  | { kind: 'rotate' }
  | { kind: 'clear' };

const some = fc.subarray(causes);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('started'), causes: some }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('ended'), failed: fc.boolean(), causes: some }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'rotate' }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' }) },
);

/** Counts the steps of the window anew for every question. */
function counted(window: readonly Step[][], matches: (causes: readonly string[]) => boolean): Tally {
  const tally = { calls: 0, failures: 0, successes: 0 };
  for (const each of window.flat()) {
    if (each.kind === 'started' && matches(each.causes)) tally.calls += 1;
    if (each.kind === 'ended' && matches(each.causes)) tally[each.failed ? 'failures' : 'successes'] += 1;
  }
  return tally;
}

test('the evidence counts the calls of its window, with and without each cause, like a list of all that happened', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const evidence = createCallEvidence(size);
      let window: Step[][] = [[]];
      for (const each of steps) {
        if (each.kind === 'started') evidence.started(each.causes);
        if (each.kind === 'ended') evidence.ended(each.failed, each.causes);
        if (each.kind === 'rotate') evidence.rotate();
        if (each.kind === 'clear') evidence.clear();
        if (each.kind === 'rotate') window = [...window, []].slice(-size);
        else if (each.kind === 'clear') window = [[]];
        else window.at(-1)?.push(each);

        const total = counted(window, () => true);
        const seen = causes.flatMap((cause) => {
          const tally = counted(window, (of) => of.includes(cause));
          return Object.values(tally).some((count) => count > 0) ? [[cause, tally] as const] : [];
        });
        expect(evidence.total()).toEqual(total);
        for (const cause of causes)
          expect(evidence.without(cause)).toEqual(counted(window, (of) => !of.includes(cause)));
        expect(new Map(evidence.failing())).toEqual(new Map(seen.filter(([, { failures }]) => failures > 0)));
        expect(evidence.shared().toSorted()).toEqual(
          seen.filter(([, { failures }]) => failures === total.failures).map(([cause]) => cause),
        );
      }
    }),
  );
});

test('the evidence of a cause outlives the bucket of its calls when they end in a later one', () => {
  const evidence = createCallEvidence(2);
  evidence.started(['failing']);
  evidence.started(['succeeding']);
  evidence.rotate();
  evidence.ended(true, ['failing']);
  evidence.ended(false, ['succeeding']);
  evidence.rotate();
  expect(evidence.total()).toEqual({ calls: 0, failures: 1, successes: 1 });
  expect(evidence.without('failing')).toEqual({ calls: 0, failures: 0, successes: 1 });
  expect(evidence.without('succeeding')).toEqual({ calls: 0, failures: 1, successes: 0 });
});

test('the evidence keeps a call in flight when an older call with the same cause leaves the window', () => {
  const evidence = createCallEvidence(2);
  evidence.started(['card']);
  evidence.rotate();
  evidence.started(['card']);
  evidence.rotate();
  expect(evidence.total().calls).toBe(1);
  expect(evidence.without('card').calls).toBe(0);
});

test('the evidence of calls after it was cleared leaves the window like any other', () => {
  const evidence = createCallEvidence(2);
  evidence.clear();
  evidence.ended(true, ['card']);
  evidence.rotate();
  expect(evidence.total().failures).toBe(1);
  evidence.rotate();
  expect(evidence.total().failures).toBe(0);
  expect(evidence.failing()).toEqual([]);
});

test('the evidence tells 2000 causes apart, counts those beyond only in total, and has room again when the window has moved on', () => {
  const evidence = createCallEvidence(1);
  for (let cause = 0; cause < 2000; cause += 1) evidence.ended(true, [`${cause}`]);
  evidence.ended(true, ['one more']);
  evidence.ended(true, ['1999']);
  expect(evidence.failing()).toHaveLength(2000);
  expect(evidence.total().failures).toBe(2002);
  expect(evidence.without('one more').failures).toBe(2002);
  expect(evidence.without('1999').failures).toBe(2000);

  evidence.rotate();
  evidence.ended(true, ['one more']);
  expect(evidence.failing()).toEqual([['one more', { calls: 0, failures: 1, successes: 0 }]]);
});

test('the evidence adds to a cause that it knows in later buckets, even when it has no room for further causes', () => {
  const evidence = createCallEvidence(2);
  for (let cause = 0; cause < 2000; cause += 1) evidence.ended(true, [`${cause}`]);
  evidence.rotate();
  evidence.ended(true, ['7']);
  evidence.rotate();
  expect(evidence.failing()).toEqual([['7', { calls: 0, failures: 1, successes: 0 }]]);
  evidence.rotate();
  expect(evidence.failing()).toEqual([]);
});
