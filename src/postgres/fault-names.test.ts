import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { CutShort } from './cut-short.ts';
import { sqlStateOf } from './faults.ts';

const reported = (code: string) => Object.assign(new DatabaseError('message', 100, 'error'), { code });
const ofTheSystem = (code: string) => Object.assign(new Error(`write ${code}`), { code });

// SQLSTATEs: appendix A of PostgreSQL's manual. EPIPE is a system error, whose code has the same form (errno.3).
test.each([
  ['what Postgres or a pooler reported', reported('40001'), '40001'],
  ['a statement that was cancelled at the deadline', new CutShort(reported('57014')), '57014'],
  ['a statement that was never sent', new CutShort(), undefined],
  ['a broken pipe', ofTheSystem('EPIPE'), undefined],
  ['a refused connection', ofTheSystem('ECONNREFUSED'), undefined],
  ['no answer', new Error('Query read timeout'), undefined],
  ['a text', '40001', undefined],
])('%s has an SQLSTATE only if Postgres reported it', (_what, error, expected) => {
  expect(sqlStateOf(error)).toBe(expected);
});
