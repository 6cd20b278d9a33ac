import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createConditionLog } from './condition-log.ts';
import { type Condition, conditions, retry, wait } from './decisions.ts';

function start() {
  let now = 0;
  const reports: string[] = [];
  const log = createConditionLog(
    {
      conditionBegan: ({ condition, statement }) => reports.push(`${condition} began: ${statement}`),
      conditionEnded: (condition, { failures, lasted }) =>
        reports.push(`${condition} ended: ${failures} in ${lasted} ms`),
    },
    () => now,
  );
  return {
    reports,
    log,
    pass(milliseconds: number) {
      now += milliseconds;
    },
    fail(condition: Condition, statement = 'INSERT orders') {
      const decision = wait(condition)('a reason', 'https://example.com');
      if (decision.kind !== 'defect') log.met({ decision, code: '53100', statement, error: undefined });
    },
  };
}

test('a condition that many statements meet is reported once, with its end', () => {
  const { reports, log, pass, fail } = start();
  for (let failure = 0; failure < 144; failure += 1) {
    fail('disk_full');
    pass(10);
  }
  log.succeeded('INSERT orders');
  expect(reports).toEqual(['disk_full began: INSERT orders', 'disk_full ended: 144 in 1440 ms']);
});

test('a condition of statements lasts while only statements of another kind succeed', () => {
  const { log, fail } = start();
  fail('read_only', 'INSERT orders');
  log.succeeded('SELECT orders');
  log.succeeded();
  expect(log.open().map(({ condition }) => condition)).toEqual(['read_only']);
  log.succeeded('INSERT orders');
  expect(log.open()).toEqual([]);
});

test('a condition of the connection ends with any success', () => {
  const { log, fail } = start();
  fail('unreachable', 'INSERT orders');
  log.succeeded();
  expect(log.open()).toEqual([]);
});

test('a condition that comes and goes is reported once in ten seconds', () => {
  const { reports, log, pass, fail } = start();
  for (let second = 0; second < 100; second += 1) {
    for (let change = 0; change < 10; change += 1) {
      fail('locked');
      log.succeeded('INSERT orders');
      pass(100);
    }
  }
  expect(reports.length).toBeLessThanOrEqual(2 * 10);
});

test('a condition that returns soon and lasts is reported', () => {
  const { reports, log, pass, fail } = start();
  fail('locked');
  log.succeeded('INSERT orders');
  pass(1000);
  fail('locked');
  expect(reports).toHaveLength(2);
  pass(10_000);
  fail('locked');
  expect(reports).toHaveLength(3);
});

test('each reported end has its beginning, whatever happens, and a success of every kind ends all', () => {
  const kinds = ['INSERT orders', 'UPDATE orders', 'SELECT orders'] as const;
  const condition = fc.constantFrom(...(Object.keys(conditions) as Condition[]));
  const step = fc.oneof(
    fc.record({ fails: condition, statement: fc.constantFrom(...kinds) }),
    fc.record({ succeeds: fc.constantFrom(...kinds) }),
    fc.record({ passes: fc.nat(20_000) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { reports, log, pass, fail } = start();
      for (const each of steps) {
        if ('fails' in each) fail(each.fails, each.statement);
        else if ('succeeds' in each) log.succeeded(each.succeeds);
        else pass(each.passes);
      }
      for (const kind of kinds) log.succeeded(kind);
      expect(log.open()).toEqual([]);
      for (const name of Object.keys(conditions)) {
        const changes = reports
          .filter((line) => line.startsWith(`${name} `))
          .map((line) => line.split(' ')[1]);
        expect(
          changes.filter((_change, index) => index % 2 === 0).every((change) => change === 'began:'),
        ).toBe(true);
        expect(
          changes.filter((_change, index) => index % 2 === 1).every((change) => change === 'ended:'),
        ).toBe(true);
        expect(changes.length % 2).toBe(0);
      }
    }),
  );
});

test('a recent success is remembered until the connection fails', () => {
  const { log, pass, fail } = start();
  expect(log.succeededWithin(5000)).toBe(false);
  log.succeeded('SELECT orders');
  pass(5000);
  expect(log.succeededWithin(5000)).toBe(true);
  pass(1);
  expect(log.succeededWithin(5000)).toBe(false);
  log.succeeded('SELECT orders');
  fail('locked');
  expect(log.succeededWithin(5000)).toBe(true);
  fail('too_many_connections');
  expect(log.succeededWithin(5000)).toBe(false);
});

test('the open conditions have the reason of their last failure', () => {
  const { log } = start();
  const decision = retry('starting')('Postgres recovers', 'https://example.com');
  if (decision.kind === 'defect') throw new Error('not a condition');
  log.met({ decision, code: '57P03', statement: 'SELECT orders', error: undefined });
  expect(log.open()).toEqual([
    {
      condition: 'starting',
      code: '57P03',
      reason: 'Postgres recovers',
      statement: 'SELECT orders',
      error: undefined,
    },
  ]);
});
