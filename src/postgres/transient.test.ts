import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { faultCode, transientMessages, transientReason } from './transient.ts';

function databaseError(code: string): DatabaseError {
  return Object.assign(new DatabaseError('message of Postgres', 100, 'error'), { code });
}

const systemError = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:5432`), { code });

describe('transient faults', () => {
  test.each([
    ['a broken link', databaseError('08006')],
    ['a serialization failure', databaseError('40001')],
    ['a deadlock', databaseError('40P01')],
    ['too many connections', databaseError('53300')],
    ['a lock that is not available', databaseError('55P03')],
    ['a statement timeout', databaseError('57014')],
    ['a restart', databaseError('57P01')],
    ['a crash of Postgres', databaseError('57P02')],
    ['a Postgres that is starting up', databaseError('57P03')],
    ['a refused connection', systemError('ECONNREFUSED')],
    ['a reset connection', systemError('ECONNRESET')],
    ['a network that does not answer', systemError('ETIMEDOUT')],
    ['a name server that does not answer', systemError('EAI_AGAIN')],
    [
      'two unreachable addresses, one of them for a passing reason',
      new AggregateError([systemError('EACCES'), systemError('EPIPE')]),
    ],
  ])('%s is a transient fault, with a reason', (_what, error) => {
    expect(transientReason(error)).toMatch(/\w{3,}/);
  });
});

describe('lasting faults', () => {
  test.each([
    ['a unique violation', databaseError('23505')],
    ['a violated check', databaseError('23514')],
    ['a column that does not exist', databaseError('42703')],
    ['a table that does not exist', databaseError('42P01')],
    ['a wrong password', databaseError('28P01')],
    ['a database that does not exist', databaseError('3D000')],
    ['a read-only server', databaseError('25006')],
    ['a full disk', databaseError('53100')],
    ['an unknown SQLSTATE', databaseError('ZZZZZ')],
    ['a system error code in an error of Postgres', databaseError('ECONNRESET')],
    ['a host name that does not exist', systemError('ENOTFOUND')],
    ['a defect in our code', new TypeError('undefined is not a function')],
    [
      'two unreachable addresses, both for lasting reasons',
      new AggregateError([systemError('EACCES'), systemError('EPERM')]),
    ],
    ['a value that is not an error', { code: '40001' }],
    ['nothing', undefined],
  ])('%s is not a transient fault', (_what, error) => {
    expect(transientReason(error)).toBeUndefined();
  });

  test('an error of Postgres is not a transient fault because its message reads like one of pg', () => {
    const error = new DatabaseError('Connection terminated unexpectedly', 100, 'error');
    expect(transientReason(error)).toBeUndefined();
  });
});

describe('the messages that pg uses instead of codes', () => {
  const require = createRequire(import.meta.url);
  const sources = Promise.all(
    ['pg/lib/client.js', 'pg-pool'].map((file) => readFile(require.resolve(file), 'utf8')),
  );

  test.each(Object.keys(transientMessages))(
    'the message %j occurs in the installed sources of pg',
    async (message) => {
      expect((await sources).join('\n')).toContain(`new Error('${message}'`);
    },
  );

  test.each(Object.keys(transientMessages))(
    'an error with the message %j is a transient fault',
    (message) => {
      expect(transientReason(new Error(message))).toBe(transientMessages[message]);
      expect(transientReason(new Error(`${message}!`))).toBeUndefined();
    },
  );
});

test('the log gets the code of a fault, or "unknown"', () => {
  expect(faultCode(databaseError('40001'))).toBe('40001');
  expect(faultCode(systemError('ECONNREFUSED'))).toBe('ECONNREFUSED');
  expect(faultCode(new Error('Query read timeout'))).toBe('unknown');
  expect(faultCode('a text')).toBe('unknown');
});
