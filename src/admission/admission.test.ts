import { expect, test } from 'vitest';
import { createAdmission } from './admission.ts';

const policy = { floor: 2, ceiling: 50, target: 30, queue: 3, queueTimeout: 20, loopDelay: 50 };

function admissionOver(waiting = () => 0, initial = 10) {
  const admission = createAdmission(policy, initial, [{ waiting, completed: () => 0 }]);
  return { ...admission, enter: () => admission.enter('read', Infinity, () => {}) };
}

test('admission starts with the limit that it is given, admits up to it, queues a few and sheds the rest', () => {
  const { enter, state, close } = admissionOver();
  expect(state()).toEqual({ inFlight: 0, queued: 0, limit: 10 });
  const decisions = Array.from({ length: 14 }, () => enter().kind);
  expect(decisions).toEqual([
    ...Array.from({ length: 10 }, () => 'admitted'),
    ...Array.from({ length: 3 }, () => 'queued'),
    'shed',
  ]);
  expect(state()).toEqual({ inFlight: 10, queued: 3, limit: 10 });
  close();
});

test('admission keeps its first limit within its bounds', () => {
  expect(admissionOver(() => 0, 1).state().limit).toBe(2);
  expect(admissionOver(() => 0, 100).state().limit).toBe(50);
});

test('admission lowers its limit while requests wait for a connection', async () => {
  const { enter, state, close } = admissionOver(() => 8);
  for (let count = 0; count < 10; count += 1) enter();
  await expect.poll(() => state().limit, { timeout: 10_000 }).toBeLessThan(10);
  close();
});

test('admission raises its limit while it is used and nothing waits, and admits what is queued then', async () => {
  const decided: string[] = [];
  const admission = createAdmission({ ...policy, loopDelay: 10_000, queueTimeout: 10_000 }, 4, [
    { waiting: () => 0, completed: () => 0 },
  ]);
  const enter = () => admission.enter('read', Infinity, ({ kind }) => decided.push(kind));
  for (let count = 0; count < 4; count += 1) enter();
  expect(enter().kind).toBe('queued');
  await expect.poll(() => admission.state().limit, { timeout: 10_000 }).toBeGreaterThan(4);
  expect(decided).toEqual(['admitted']);
  admission.close();
});
