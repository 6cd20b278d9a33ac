import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { faultCode, transientMessages, transientReason } from './transient.ts';

function databaseError(code: string): DatabaseError {
  return Object.assign(new DatabaseError('as Postgres says it', 100, 'error'), { code });
}

const systemError = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:5432`), { code });

describe('worth another try', () => {
  test.each([
    ['a broken link', databaseError('08006')],
    ['a serialization failure', databaseError('40001')],
    ['a deadlock', databaseError('40P01')],
    ['too many connections', databaseError('53300')],
    ['a lock that is not available', databaseError('55P03')],
    ['a statement that took too long', databaseError('57014')],
    ['a restart', databaseError('57P01')],
    ['a crash of Postgres', databaseError('57P02')],
    ['a Postgres that is starting up', databaseError('57P03')],
    ['nothing that listens', systemError('ECONNREFUSED')],
    ['a reset connection', systemError('ECONNRESET')],
    ['a network that does not answer', systemError('ETIMEDOUT')],
    ['a name server that does not answer', systemError('EAI_AGAIN')],
    [
      'two addresses, one of which is only away',
      new AggregateError([systemError('EACCES'), systemError('EPIPE')]),
    ],
  ])('is %s, and it is said why', (_what, error) => {
    expect(transientReason(error)).toMatch(/\w{3,}/);
  });
});

describe('not worth another try', () => {
  test.each([
    ['a unique violation', databaseError('23505')],
    ['a violated check', databaseError('23514')],
    ['a column that does not exist', databaseError('42703')],
    ['a table that does not exist', databaseError('42P01')],
    ['a wrong password', databaseError('28P01')],
    ['a database that does not exist', databaseError('3D000')],
    ['a read-only server', databaseError('25006')],
    ['a full disk', databaseError('53100')],
    ['a state that nobody knows', databaseError('ZZZZZ')],
    ['a code that only the system uses, from Postgres', databaseError('ECONNRESET')],
    ['a host name that does not exist', systemError('ENOTFOUND')],
    ['a defect of ours', new TypeError('undefined is not a function')],
    [
      'two addresses, both refused for good',
      new AggregateError([systemError('EACCES'), systemError('EPERM')]),
    ],
    ['what is no error', { code: '40001' }],
    ['nothing', undefined],
  ])('is %s', (_what, error) => {
    expect(transientReason(error)).toBeUndefined();
  });

  test('is a text of Postgres that reads like one of pg', () => {
    const error = new DatabaseError('Connection terminated unexpectedly', 100, 'error');
    expect(transientReason(error)).toBeUndefined();
  });
});

describe('the texts that pg gives instead of codes', () => {
  const require = createRequire(import.meta.url);
  const sources = Promise.all(
    ['pg/lib/client.js', 'pg-pool'].map((file) => readFile(require.resolve(file), 'utf8')),
  );

  test.each(Object.keys(transientMessages))('%j is in the sources that are installed', async (message) => {
    expect((await sources).join('\n')).toContain(`new Error('${message}'`);
  });

  test.each(Object.keys(transientMessages))('%j is worth another try', (message) => {
    expect(transientReason(new Error(message))).toBe(transientMessages[message]);
    expect(transientReason(new Error(`${message}!`))).toBeUndefined();
  });
});

test('the code of a fault is there for the log, or "unknown"', () => {
  expect(faultCode(databaseError('40001'))).toBe('40001');
  expect(faultCode(systemError('ECONNREFUSED'))).toBe('ECONNREFUSED');
  expect(faultCode(new Error('Query read timeout'))).toBe('unknown');
  expect(faultCode('a text')).toBe('unknown');
});
