/**
 * What a fault of Postgres means for the statement that met it.
 *
 * - `retry`: it may succeed within the request, after a moment or on another connection. Without success: 503.
 * - `wait`: an operator, or more time than a request has, ends the condition. 503, without a retry.
 * - `defect`: the statement or its values are wrong. 500, and a person must look.
 */
export type Decision =
  | { kind: 'retry' | 'wait'; condition: Condition; reason: string; source: string }
  | { kind: 'defect'; reason: string; source: string };

export type Condition = keyof typeof conditions;

/**
 * Conditions in which Postgres does not serve statements, although they are right. The names are stable: logs and
 * readiness have them.
 *
 * - `of`: a success of any statement shows that a condition of the `connection` is over; only a statement of the kind
 *   that met a condition of the `statement` can show that this one is.
 * - `needsPerson`: whether it never ends by itself, so that a person must look.
 */
export const conditions = {
  unreachable: { of: 'connection', text: 'Postgres cannot be reached' },
  name_not_resolved: { of: 'connection', text: 'the host name of Postgres does not resolve' },
  connection_lost: { of: 'connection', text: 'the connections to Postgres break' },
  no_answer: { of: 'connection', text: 'Postgres does not answer in time' },
  starting: { of: 'connection', text: 'Postgres is starting' },
  stopping: { of: 'connection', text: 'Postgres is shutting down' },
  too_many_connections: { of: 'connection', text: 'Postgres has no connection left' },
  pool_busy: { of: 'statement', text: 'every connection of the pool is in use' },
  pooler_refused: { of: 'connection', text: 'the pooler in front of Postgres refuses the connection' },
  session_refused: { of: 'connection', text: 'Postgres refuses or ends the session' },
  not_authorized: { of: 'connection', text: 'Postgres refuses the user or the password', needsPerson: true },
  tls_refused: { of: 'connection', text: 'there is no TLS connection to Postgres', needsPerson: true },
  version_unsupported: {
    of: 'connection',
    text: 'this version of Postgres is not supported',
    needsPerson: true,
  },
  not_postgres: { of: 'connection', text: 'what answers is not Postgres', needsPerson: true },
  database_missing: { of: 'connection', text: 'the database does not exist' },
  not_migrated: { of: 'statement', text: 'the database has no tables of this service' },
  settings_differ: {
    of: 'statement',
    text: 'sessions have settings that the service does not rely on',
    needsPerson: true,
  },
  not_permitted: { of: 'statement', text: 'the user lacks a privilege', needsPerson: true },
  read_only: { of: 'statement', text: 'Postgres only reads' },
  not_replicated: { of: 'statement', text: 'commits wait for a synchronous standby' },
  disk_full: { of: 'statement', text: 'the disk of Postgres is full', needsPerson: true },
  out_of_memory: { of: 'statement', text: 'Postgres is out of memory or of another resource' },
  limit_reached: { of: 'statement', text: 'a configured limit of Postgres is reached' },
  out_of_transaction_ids: {
    of: 'statement',
    text: 'Postgres is out of transaction ids and needs a vacuum',
    needsPerson: true,
  },
  storage_fault: {
    of: 'statement',
    text: 'Postgres cannot read or write its files, or they are damaged',
    needsPerson: true,
  },
  locked: { of: 'statement', text: 'statements run out of time, most likely behind a lock' },
  conflict: { of: 'statement', text: 'statements conflict with each other' },
  statement_lost: { of: 'statement', text: 'the session has lost its prepared statements' },
} as const satisfies Record<string, { of: 'connection' | 'statement'; text: string; needsPerson?: true }>;

type Outcome = (reason: string, source: string) => Decision;

export const retry =
  (condition: Condition): Outcome =>
  (reason, source) => ({ kind: 'retry', condition, reason, source });

export const wait =
  (condition: Condition): Outcome =>
  (reason, source) => ({ kind: 'wait', condition, reason, source });

export const defect: Outcome = (reason, source) => ({ kind: 'defect', reason, source });
