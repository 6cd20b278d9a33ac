import { expect, test } from 'vitest';
import { judge, render, type Report } from './judge.ts';

const source = 'const a = 1;\nexport const more = (x: number) =>\n  x > a;\n';
const mutant = (status: string, replacement: string) => ({
  mutatorName: 'EqualityOperator',
  replacement,
  status,
  location: { start: { line: 3, column: 3 }, end: { line: 3, column: 8 } },
});
const reportOf = (...mutants: Array<ReturnType<typeof mutant>>): Report => ({
  files: { 'src/batching/a.ts': { source, mutants } },
});
const tenKilled = Array.from({ length: 10 }, () => mutant('Killed', 'x < a'));

test('killed mutants and timeouts count, ignored ones and errors do not', () => {
  const report = reportOf(
    ...tenKilled,
    mutant('Timeout', 'true'),
    mutant('Ignored', 'x'),
    mutant('RuntimeError', 'y'),
  );
  const { rows, faults } = judge(report, ['batching'], []);
  expect(rows).toEqual([{ folder: 'batching', mutants: 11, killed: 11, explained: 0, share: 100 }]);
  expect(faults).toEqual([]);
});

test('a survivor that is not explained is a fault, and so is a change that no test runs', () => {
  const { faults } = judge(reportOf(...tenKilled, mutant('Survived', 'x >= a')), ['batching'], []);
  expect(faults).toEqual(['Survived: src/batching/a.ts:3:3 EqualityOperator: x > a → x >= a']);
  const uncovered = judge(reportOf(...tenKilled, mutant('NoCoverage', 'x >= a')), ['batching'], []);
  expect(uncovered.faults).toHaveLength(1);
});

test('an explained survivor is no fault, an explanation of another change is, and both are in the page', () => {
  const reason = { file: 'batching/a.ts', code: 'x > a', because: 'it is equal' };
  const survived = reportOf(...tenKilled, mutant('Survived', 'x >= a'));
  const judgement = judge(survived, ['batching'], [reason]);
  expect(judgement.faults).toEqual([]);
  expect(render(judgement)).toContain('| `src/batching` | 11 | 10 | 90.9 % | 1 |');
  expect(render(judgement)).toContain('| `src/batching/a.ts` | `x > a` | anything | it is equal |');
  expect(judge(survived, ['batching'], [{ ...reason, by: 'x < a' }]).faults).toHaveLength(2);
});

test('an explanation whose mutant is killed or gone is a fault, unless its folder is not run', () => {
  const stale = { file: 'batching/a.ts', code: 'gone', because: '' };
  expect(judge(reportOf(...tenKilled), ['batching'], [stale]).faults).toEqual([
    'Explained, but killed or gone: src/batching/a.ts gone',
  ]);
  expect(judge(reportOf(...tenKilled), ['admission'], [stale]).faults).toEqual([]);
});

test('a folder with fewer than 85 % of its mutants killed is a fault, even if the others are explained', () => {
  const reason = { file: 'batching/a.ts', code: 'x > a', because: 'it is equal' };
  const report = reportOf(mutant('Killed', 'true'), mutant('Survived', 'x >= a'));
  expect(judge(report, ['batching'], [reason]).faults).toEqual([
    'Less than 85 % of the mutants of src/batching are killed.',
  ]);
});
