import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { CutShort } from './cut-short.ts';
import { faultName, sqlStateOf } from './faults.ts';
import { NoServer } from './server-search.ts';

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

// The messages are those of pg 8.23, which gives these errors no code.
test.each([
  ['what Postgres reported', reported('40001'), '40001'],
  ['a statement that was cancelled at the deadline', new CutShort(reported('57014')), '57014'],
  ['a statement that was never sent', new CutShort(), 'CutShort'],
  ['a refused connection', ofTheSystem('ECONNREFUSED'), 'ECONNREFUSED'],
  [
    'a host with two addresses',
    new AggregateError([ofTheSystem('EHOSTUNREACH'), ofTheSystem('ECONNREFUSED')]),
    'EHOSTUNREACH',
  ],
  ['several hosts', new NoServer([new AggregateError([ofTheSystem('ECONNREFUSED')])]), 'ECONNREFUSED'],
  ['several hosts that do not answer', new NoServer([new Error('timeout expired')]), 'no_answer'],
  ['an error that wraps another', new Error('a wrapper', { cause: ofTheSystem('ECONNRESET') }), 'ECONNRESET'],
  ['a connection that the server closed', new Error('Connection terminated unexpectedly'), 'connection_lost'],
  ['a connection closed by this process', new Error('Connection terminated'), 'connection_lost'],
  [
    'a handshake without an answer',
    new Error('Connection terminated due to connection timeout'),
    'no_answer',
  ],
  ['a statement without an answer', new Error('Query read timeout'), 'no_answer'],
  ['a full pool', new Error('timeout exceeded when trying to connect'), 'pool_busy'],
  ['a server without TLS', new Error('The server does not support SSL connections'), 'tls_refused'],
  ['another protocol', new Error('received invalid response: 48'), 'not_postgres'],
  ['a defect', new TypeError('x is not a function'), 'TypeError'],
  ['a text', '40001', 'unknown'],
])('%s has the name of the fault itself', (_what, error, expected) => {
  expect(faultName(error)).toBe(expected);
});
