import { type Decision, defect, retry, wait } from './decisions.ts';

const docs = 'https://www.postgresql.org/docs/18';
const appendix = `${docs}/errcodes-appendix.html`;
const errors = `${docs}/transaction-iso.html`;
const timeouts = `${docs}/runtime-config-client.html`;
const source = 'https://github.com/postgres/postgres/blob/REL_18_STABLE/src';

const statementIsWrong = (what: string) => defect(`${what}: the statement is wrong`, appendix);
const neverUsed = (what: string) => defect(`${what}: no statement of this service uses them`, appendix);

/**
 * A decision for every class of SQLSTATE (two characters), and for each code (five) that differs from its class.
 *
 * @see https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
export const sqlStates: Readonly<Record<string, Decision>> = {
  '00': defect('success is not an error', appendix),
  '01': defect('a warning is not an error', appendix),
  '02': defect('no data is not an error here', appendix),
  '03': statementIsWrong('incomplete'),
  '08': retry('connection_lost')('the link broke, and the next connection may hold', appendix),
  '08P01': retry('pooler_refused')(
    'PgBouncer says so when it has no server, no connection or no patience left',
    'https://www.pgbouncer.org/config.html',
  ),
  '09': neverUsed('trigger actions'),
  '0A': statementIsWrong('a feature that does not exist'),
  '0B': neverUsed('transaction blocks'),
  '0F': neverUsed('locators'),
  '0L': neverUsed('grants'),
  '0P': neverUsed('roles'),
  '0Z': neverUsed('diagnostics'),
  '10': neverUsed('XQuery expressions'),
  '20': neverUsed('CASE statements'),
  '21': statementIsWrong('more rows than one'),
  '22': defect('a value that Postgres refuses should have been refused before', appendix),
  '23': defect('the checks before the statement should have prevented the violation', appendix),
  '24': neverUsed('cursors'),
  '25': neverUsed('transaction blocks'),
  '25006': retry('read_only')(
    'a standby, a demoted primary or a database set to read-only; another connection may reach the primary',
    `${docs}/hot-standby.html`,
  ),
  '25P03': retry('connection_lost')('the session was idle in a transaction and was closed', timeouts),
  '25P04': retry('locked')('transaction_timeout ended the session, often behind a lock', timeouts),
  '26': retry('statement_lost')(
    'DEALLOCATE, DISCARD or a pooler took the prepared statement; another connection prepares it anew',
    'https://www.pgbouncer.org/faq.html',
  ),
  '27': neverUsed('triggers that change data'),
  '28': wait('not_authorized')(
    'the password is being rotated, or pg_hba.conf refuses the user; attempts may lock an account',
    `${docs}/client-authentication-problems.html`,
  ),
  '2B': neverUsed('grants'),
  '2D': neverUsed('transaction blocks'),
  '2F': neverUsed('SQL routines'),
  '34': neverUsed('cursors'),
  '38': neverUsed('external routines'),
  '39': neverUsed('external routines'),
  '3B': neverUsed('savepoints'),
  '3D': wait('database_missing')(
    'the database is still being created or restored, or DATABASE_URL names another one',
    `${docs}/client-authentication-problems.html`,
  ),
  '3F': wait('not_migrated')('the schema is not there: `npm run migrate` makes it', appendix),
  '40': retry('conflict')(
    'Postgres rolled back in favour of another transaction and asks for a repeat',
    errors,
  ),
  '40P01': retry('conflict')(
    'this statement was chosen as the victim of a deadlock, the other one continued',
    `${docs}/explicit-locking.html`,
  ),
  '42': statementIsWrong('syntax, or a name that does not exist'),
  '42501': wait('not_permitted')('a GRANT is missing', `${docs}/ddl-priv.html`),
  '42P01': wait('not_migrated')(
    'a table is not there: the database is empty, or search_path names another schema',
    appendix,
  ),
  '42P05': retry('statement_lost')(
    'the pooler gave this client a session that has the prepared statement already; another may not',
    'https://www.pgbouncer.org/faq.html',
  ),
  '44': defect('the checks before the statement should have prevented the violation', appendix),
  '53': wait('out_of_memory')('the server lacks a resource; a retry would take more of it', appendix),
  '53100': wait('disk_full')('an operator makes room', `${docs}/disk-full.html`),
  '53300': retry('too_many_connections')('others return theirs', `${docs}/runtime-config-connection.html`),
  '53400': wait('limit_reached')(
    'an operator raises the limit, such as temp_file_limit',
    `${docs}/runtime-config-resource.html`,
  ),
  '54': statementIsWrong('too large or too complex'),
  '55': neverUsed('objects in such a state'),
  '55P03': retry('locked')('lock_timeout expired; the holder is about to release its lock', timeouts),
  '57': retry('session_refused')('an operator ended the session', appendix),
  '57014': retry('locked')('statement_timeout expired, often behind a lock', timeouts),
  '57P01': retry('stopping')('a restart or a failover is under way', `${docs}/server-shutdown.html`),
  '57P02': retry('starting')('another session crashed; Postgres recovers and comes back', appendix),
  '57P03': retry('starting')('Postgres recovers, or is a standby that takes no queries yet', appendix),
  '57P04': wait('database_missing')('the database was dropped under the session', appendix),
  '57P05': retry('connection_lost')('the session was idle for too long and was closed', timeouts),
  '58': wait('storage_fault')("a fault of the server's operating system or disk", appendix),
  '72': retry('conflict')(
    'the snapshot became too old (before Postgres 17)',
    'https://www.postgresql.org/docs/16/errcodes-appendix.html',
  ),
  F0: wait('session_refused')("an operator mends the server's configuration file", appendix),
  HV: neverUsed('foreign tables'),
  P0: defect('a function or a trigger raised it; none of this service does', appendix),
  XX: defect('a fault inside Postgres, which no operator mends', appendix),
  XX001: wait('storage_fault')('a damaged table: restore it', `${docs}/app-pgchecksums.html`),
  XX002: wait('storage_fault')('a damaged index: REINDEX', `${docs}/sql-reindex.html`),
};

/** Codes that mean different things, which only the function that raised them tells apart. */
export const sqlStatesByRoutine: Readonly<Record<string, Decision>> = {
  '0A000 RevalidateCachedQuery': retry('statement_lost')(
    'a migration changed the type of a column; another connection prepares the statement anew',
    `${source}/backend/utils/cache/plancache.c`,
  ),
  '54000 GetNewTransactionId': wait('out_of_transaction_ids')(
    'Postgres writes nothing until a vacuum has run',
    `${docs}/routine-vacuuming.html`,
  ),
  '54000 GetNewMultiXactId': wait('out_of_transaction_ids')(
    'Postgres writes nothing until a vacuum has run',
    `${docs}/routine-vacuuming.html`,
  ),
};

/** Postgres refuses or ends the session with an error of this severity, whatever the statement. */
export const sessionEnded: Decision = wait('session_refused')(
  'severity FATAL or PANIC: the session is at fault and not the statement',
  `${docs}/protocol-error-fields.html`,
);
