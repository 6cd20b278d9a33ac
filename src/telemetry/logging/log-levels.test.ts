import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogLevels } from './log-levels.ts';
import { createLogger } from './logger.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T10:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

function adjustable() {
  const written: string[] = [];
  const root = createLogger({
    service: 'orders',
    level: 'info',
    destination: { write: (line) => written.push((JSON.parse(line) as { msg: string }).msg) },
  });
  const levels = createLogLevels(root);
  const loggers = { root, http: levels.component('http'), postgres: levels.component('postgres') };
  /** The loggers that write a line at this level. */
  const writing = (level: 'debug' | 'info') => {
    written.length = 0;
    for (const [name, logger] of Object.entries(loggers)) logger[level](name);
    return [...written];
  };
  return { levels, loggers, writing };
}

const minute = 60_000;

test('set changes the level of all loggers without a component', () => {
  const { levels, writing } = adjustable();
  expect(writing('debug')).toEqual([]);
  levels.set({ level: 'debug' });
  expect(writing('debug')).toEqual(['root', 'http', 'postgres']);
  levels.set({ level: 'silent' });
  expect(writing('info')).toEqual([]);
});

test('set changes the level of one component and of its child loggers', () => {
  const { levels, loggers, writing } = adjustable();
  const below = loggers.http.child({ attempt: 1 });
  levels.set({ level: 'debug', component: 'http' });
  expect(writing('debug')).toEqual(['http']);
  expect(below.isLevelEnabled('debug')).toBe(true);
  expect(levels.current()).toEqual({
    level: 'info',
    components: { http: { level: 'debug' }, postgres: { level: 'info' } },
  });
});

test('components begin with the levels of LOG_LEVEL, and the others with that of the root', () => {
  const root = createLogger({ service: 'orders', level: 'info', destination: { write() {} } });
  const levels = createLogLevels(root, { postgres: 'debug', http: 'silent' });
  for (const name of ['http', 'orders', 'postgres'] as const) levels.component(name);
  expect(levels.current()).toEqual({
    level: 'info',
    components: { http: { level: 'silent' }, orders: { level: 'info' }, postgres: { level: 'debug' } },
  });
  levels.set({ level: 'warn', component: 'postgres', minutes: 1 });
  vi.advanceTimersByTime(minute);
  expect(levels.current().components['postgres']).toEqual({ level: 'debug' });
});

test('apply sets the level of all and then those of components, and reverts them together', () => {
  const { levels, writing } = adjustable();
  levels.apply({ level: 'silent', components: { http: 'debug' } }, 1);
  expect(writing('info')).toEqual(['http']);
  expect(writing('debug')).toEqual(['http']);
  vi.advanceTimersByTime(minute);
  expect(writing('info')).toEqual(['root', 'http', 'postgres']);
  expect(writing('debug')).toEqual([]);
  levels.apply({ level: undefined, components: { http: 'trace' } });
  expect(levels.current()).toMatchObject({ level: 'info', components: { http: { level: 'trace' } } });
});

test('component returns the same logger for a name, and its lines carry that name', () => {
  const { levels, loggers } = adjustable();
  expect(loggers.http.bindings()).toMatchObject({ component: 'http' });
  expect(levels.component('http')).toBe(loggers.http);
});

test('a level with minutes reverts after them, and current shows when', () => {
  const { levels, writing } = adjustable();
  levels.set({ level: 'debug', component: 'http', minutes: 10 });
  expect(levels.current().components['http']).toEqual({
    level: 'debug',
    until: '2026-01-01T10:10:00.000Z',
  });
  vi.advanceTimersByTime(10 * minute - 1);
  expect(writing('debug')).toEqual(['http']);
  vi.advanceTimersByTime(1);
  expect(writing('debug')).toEqual([]);
  expect(levels.current().components['http']).toEqual({ level: 'info' });
});

test('every component reverts to its own level after a timed change of all', () => {
  const { levels, writing } = adjustable();
  levels.set({ level: 'warn', component: 'postgres' });
  levels.set({ level: 'debug', minutes: 1 });
  expect(writing('debug')).toEqual(['root', 'http', 'postgres']);
  vi.advanceTimersByTime(minute);
  expect(writing('info')).toEqual(['root', 'http']);
});

test('a second timed change replaces the first and reverts to the level before both', () => {
  const { levels, writing } = adjustable();
  levels.set({ level: 'debug', minutes: 5 });
  levels.set({ level: 'trace', minutes: 10 });
  vi.advanceTimersByTime(5 * minute);
  expect(writing('debug')).toHaveLength(3);
  vi.advanceTimersByTime(5 * minute);
  expect(levels.current().level).toBe('info');
});

test('a permanent change cancels the pending revert', () => {
  const { levels } = adjustable();
  levels.set({ level: 'debug', minutes: 5 });
  levels.set({ level: 'warn' });
  vi.advanceTimersByTime(10 * minute);
  expect(levels.current()).toEqual({
    level: 'warn',
    components: { http: { level: 'warn' }, postgres: { level: 'warn' } },
  });
  expect(vi.getTimerCount()).toBe(0);
});
