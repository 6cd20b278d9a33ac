import { DatabaseError } from 'pg';
import { CutShort } from './cut-short.ts';

/**
 * Faults after which the same statement may well succeed, each with the reason why. All others are defects or lasting
 * conditions, where a retry only adds load.
 *
 * @see https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const transientStates: Readonly<Record<string, string>> = {
  '08000': 'connection exception: the link broke, the next connection may hold',
  '08003': 'connection does not exist: it died before the statement was sent',
  '08006': 'connection failure: the link broke in the middle',
  '40001': 'serialization failure: a concurrent transaction won, Postgres asks for a repeat',
  '40P01': 'deadlock detected: this statement was chosen as the victim, the other one continued',
  '53300': 'too many connections: others are about to return theirs',
  '53400': 'configuration limit exceeded: a temporary limit of the server',
  '55P03': 'lock not available: its holder is about to release it',
  '57014': 'query cancelled: the statement timeout expired, often behind a lock',
  '57P01': 'admin shutdown: a restart or a failover is under way',
  '57P02': 'crash shutdown: Postgres recovers and comes back',
  '57P03': 'cannot connect now: Postgres is starting up',
  '57P05': 'idle session timeout: the pooled connection was closed by the server',
};

const transientSystemErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens: Postgres is restarting',
  ECONNRESET: 'the connection was reset by the peer',
  EPIPE: 'the connection was closed while writing',
  ETIMEDOUT: 'the network did not answer',
  EHOSTUNREACH: 'no route for the moment',
  ENETUNREACH: 'no network for the moment',
  EAI_AGAIN: 'the name server did not answer',
};

/** pg and pg-pool raise these errors without a code, so only the message identifies them. */
export const transientMessages: Readonly<Record<string, string>> = {
  'timeout exceeded when trying to connect': 'every connection of the pool is busy',
  'Connection terminated due to connection timeout': 'Postgres did not accept a connection in time',
  'Connection terminated unexpectedly': 'the connection died while the statement ran',
  'Connection terminated': 'the connection was closed under the statement',
  'Client has encountered a connection error and is not queryable': 'the pooled connection had died',
  'Query read timeout': 'no answer within the deadline, the network may drop packets',
};

/** Why a retry may help, or `undefined` if it will not. */
export function transientReason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // A host name with several addresses fails with one error for each address.
  if (error instanceof AggregateError) return error.errors.map(transientReason).find((reason) => reason);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof DatabaseError) return transientStates[code];
  return transientSystemErrors[code] ?? transientMessages[error.message];
}

/**
 * Whether a failed statement has certainly changed nothing. Postgres rolls back on severity ERROR. After anything else,
 * such as a lost connection or a session that the server ended, the statement may have been committed.
 */
export function isRolledBack(error: unknown): boolean {
  return error instanceof CutShort || (error instanceof DatabaseError && error.severity === 'ERROR');
}

/** The SQLSTATE or system code of a fault, for logs. */
export function faultCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/** Another session holds a lock, or the statement ran out of time, most likely behind one. */
const lockStates: ReadonlySet<string> = new Set(['40P01', '55P03', '57014']);

/** Whether a single row may be the cause, so that the other rows of the statement do well without it. */
export function isOfOneRow(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return lockStates.has(error.code ?? '') || transientReason(error) === undefined;
}
