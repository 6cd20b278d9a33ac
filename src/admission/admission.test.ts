import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createAdmission } from './admission.ts';

const policy = {
  floor: 2,
  ceiling: 50,
  target: 30,
  busyLatency: 60,
  queue: 3,
  queueTimeout: 20,
  loopDelay: 50,
};

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

test('admission lowers its limit while the event loop is busy and requests are in flight for long', async () => {
  const admission = createAdmission({ ...policy, loopDelay: 10_000 }, 10, []);
  for (let count = 0; count < 10; count += 1) admission.enter('read', Infinity, () => {});
  await expect.poll(() => admission.state().limit, { timeout: 10_000 }).toBeGreaterThan(15);
  const giveUpAt = performance.now() + 10_000;
  while (admission.state().limit > 10 && performance.now() < giveUpAt) {
    const end = performance.now() + 20;
    while (performance.now() < end);
    await nextTurn();
  }
  expect(admission.state().limit).toBe(10);
  admission.close();
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

/** Admission with ten requests in flight, none of which finishes, and a limit of ten after a window of that load. */
async function slowAdmission(overrides: Partial<typeof policy>) {
  let counts = 0;
  const completed = () => (counts += 1);
  const fixed = { ...policy, floor: 10, ceiling: 10, loopDelay: 10_000, ...overrides };
  const admission = createAdmission(fixed, 10, [{ waiting: () => 0, completed }]);
  const enter = () => admission.enter('read', Infinity, () => {});
  for (let request = 0; request < 10; request += 1) enter();
  // Once at the start, and twice at the end of the first window.
  await expect.poll(() => counts, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
  return { ...admission, enter };
}

test('admission queues nothing that could not start in time, because requests take longer than the queue may last', async () => {
  const { enter, close } = await slowAdmission({ queueTimeout: 20 });
  expect(enter()).toMatchObject({ kind: 'shed', reason: 'queue_full' });
  close();
});

test('admission queues up to its bound what will start in time, however slow the requests are', async () => {
  const { enter, close } = await slowAdmission({ queueTimeout: 1e6 });
  expect(Array.from({ length: 4 }, () => enter().kind)).toEqual(['queued', 'queued', 'queued', 'shed']);
  close();
});

test('admission sheds what matters least while the event loop lags', async () => {
  const { enter, close } = createAdmission({ ...policy, loopDelay: 20 }, 10, []);
  enter('read', Infinity, () => {});
  const giveUpAt = performance.now() + 10_000;
  let decision: ReturnType<typeof enter>;
  do {
    const end = performance.now() + 60;
    while (performance.now() < end);
    await nextTurn();
    decision = enter('list', Infinity, () => {});
    if (decision.kind === 'admitted') decision.leave();
  } while (decision.kind === 'admitted' && performance.now() < giveUpAt);
  expect(decision).toMatchObject({ kind: 'shed', reason: 'event_loop' });
  close();
});

test('admission that is closed leaves no timer behind', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { enter, close } = admissionOver();
  enter();
  expect(vi.getTimerCount()).toBe(1);
  close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
