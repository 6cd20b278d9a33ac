import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSuspensions } from './suspensions.ts';

const duration = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('suspensions let a call through that has no suspended cause, and how it ends changes nothing', () => {
  const suspensions = createSuspensions(duration);
  expect(suspensions.admit([])?.causes).toEqual([]);
  suspensions.suspend('card');
  const other = suspensions.admit(['visa']);
  expect(other?.causes).toEqual([]);
  other?.ended(true);
  other?.ended(false);
  expect([...suspensions.list()]).toEqual(['card']);
  expect([suspensions.include(['visa']), suspensions.include(['visa', 'card'])]).toEqual([false, true]);
});

test('a suspended cause is rejected until its time is over, and then lets one probe through', () => {
  const suspensions = createSuspensions(duration);
  suspensions.suspend('card');
  vi.advanceTimersByTime(duration - 1);
  expect(suspensions.admit(['card', 'client'])).toBeUndefined();
  vi.advanceTimersByTime(1);
  const probe = suspensions.admit(['card', 'client']);
  expect(probe?.causes).toEqual(['card']);
  expect(suspensions.admit(['card'])).toBeUndefined();
  expect(suspensions.include(['card'])).toBe(true);
  probe?.ended(false);
  expect([...suspensions.list()]).toEqual([]);
  expect(suspensions.admit(['card'])?.causes).toEqual([]);
});

test('a failed probe suspends its cause for the full time from its end', () => {
  const suspensions = createSuspensions(duration);
  suspensions.suspend('card');
  vi.advanceTimersByTime(duration);
  const probe = suspensions.admit(['card']);
  vi.advanceTimersByTime(300);
  probe?.ended(true);
  vi.advanceTimersByTime(duration - 1);
  expect(suspensions.admit(['card'])).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(suspensions.admit(['card'])?.causes).toEqual(['card']);
});

test('a call with two suspended causes waits for the later one, and probes both', () => {
  const suspensions = createSuspensions(duration);
  suspensions.suspend('card');
  vi.advanceTimersByTime(400);
  suspensions.suspend('client');
  vi.advanceTimersByTime(600);
  expect(suspensions.admit(['card', 'client'])).toBeUndefined();
  vi.advanceTimersByTime(400);
  const probe = suspensions.admit(['card', 'client']);
  expect(probe?.causes).toEqual(['card', 'client']);
  probe?.ended(false);
  expect([...suspensions.list()]).toEqual([]);
});

test('a suspension that nobody probes is forgotten when it has been over for twice its length', () => {
  const suspensions = createSuspensions(duration);
  suspensions.suspend('card');
  vi.advanceTimersByTime(3 * duration);
  suspensions.forget();
  expect([...suspensions.list()]).toEqual(['card']);
  vi.advanceTimersByTime(1);
  suspensions.forget();
  expect([...suspensions.list()]).toEqual([]);
});

test('a suspension is not forgotten while its probe is in flight, however long that takes', () => {
  const suspensions = createSuspensions(duration);
  suspensions.suspend('card');
  vi.advanceTimersByTime(duration);
  const probe = suspensions.admit(['card']);
  vi.advanceTimersByTime(10 * duration);
  suspensions.forget();
  expect(suspensions.admit(['card'])).toBeUndefined();
  probe?.ended(true);
  expect([...suspensions.list()]).toEqual(['card']);
});

test('suspensions that are cleared reject nothing', () => {
  const suspensions = createSuspensions(duration);
  suspensions.suspend('card');
  suspensions.clear();
  expect(suspensions.admit(['card'])?.causes).toEqual([]);
});
