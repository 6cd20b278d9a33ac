import { DatabaseError } from 'pg';
import { originalCodeOf } from '../errors.ts';
import { messages, messageStarts, systemErrors } from './connection-faults.ts';
import { CutShort } from './cut-short.ts';
import { type Condition, type Decision, defect } from './decisions.ts';
import { sessionEnded, sqlStates, sqlStatesByRoutine } from './sql-states.ts';

/** Decides what an error that a statement met means for it. */
export function decide(error: unknown): Decision {
  if (!(error instanceof Error)) return unknown;
  if (error instanceof AggregateError) return mostHopeful(error.errors.map(decide));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const byStart = () => messageStarts.find(({ start }) => error.message.startsWith(start))?.decision;
  if (error instanceof DatabaseError)
    return (code === '' ? byStart() : decideSqlState(error, code)) ?? unknown;
  return ownEntry(systemErrors, code) ?? ownEntry(messages, error.message) ?? byStart() ?? unknown;
}

const unknown = defect(
  'an error that neither Postgres nor the network raises',
  'https://nodejs.org/api/errors.html',
);

function decideSqlState(error: DatabaseError, code: string): Decision {
  const decision =
    ownEntry(sqlStatesByRoutine, `${code} ${error.routine}`) ??
    ownEntry(sqlStates, code) ??
    ownEntry(sqlStates, code.slice(0, 2)) ??
    unknown;
  return decision.kind === 'defect' && endsSession(error) ? sessionEnded : decision;
}

/** A host name with several addresses fails with one error for each address, and any of them may be the way back. */
function mostHopeful(decisions: readonly Decision[]): Decision {
  const by = (kind: Decision['kind']) => decisions.find((decision) => decision.kind === kind);
  return by('retry') ?? by('wait') ?? by('defect') ?? unknown;
}

function ownEntry(table: Readonly<Record<string, Decision>>, key: string): Decision | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function endsSession({ severity }: DatabaseError): boolean {
  return severity === 'FATAL' || severity === 'PANIC';
}

/** Codes with which not even the server knows whether the statement was committed. */
const unknownOutcomes: ReadonlySet<string> = new Set(['08007', '40003']);

/** Codes that come when a session ends. */
const ofSessionEnds = /^(08...|25P0[34]|57P0[1245])$/;

/**
 * Whether a failed statement has certainly changed nothing. Postgres rolls back on severity ERROR. After anything else,
 * such as a lost connection or a session that the server ended, the statement may have been committed.
 *
 * A server whose `lc_messages` is not English names the severity in its own language, and pg passes on no other. The code
 * then tells whether the session ended.
 */
export function isRolledBack(error: unknown): boolean {
  if (error instanceof CutShort) return true;
  if (!(error instanceof DatabaseError)) return false;
  const { code = '08000', severity } = error;
  if (unknownOutcomes.has(code) || endsSession(error)) return false;
  return severity === 'ERROR' || !ofSessionEnds.test(code);
}

/** The SQLSTATE or system code of a fault, for logs. */
export function faultCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/**
 * What spans and log lines call a fault: its SQLSTATE or system code, below whatever wraps it; the condition, for what pg
 * raises without a code, such as `connection_lost`; and the class of any other error. Of several addresses or hosts, the
 * first counts.
 */
export function faultName(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return faultName(error.errors[0]);
  const code = originalCodeOf(error);
  if (code !== undefined) return code;
  const decision = decide(error);
  if (decision.kind !== 'defect') return decision.condition;
  return error instanceof Error ? error.name : 'unknown';
}

/**
 * The SQLSTATE of a fault that Postgres reported; `undefined` for any other. The form of a code does not tell: that of a
 * broken pipe, EPIPE, has five letters, too.
 */
export function sqlStateOf(error: unknown): string | undefined {
  const reported = error instanceof CutShort ? error.cause : error;
  return reported instanceof DatabaseError ? reported.code : undefined;
}

/** Another session holds a lock, or the statement ran out of time, most likely behind one. */
const lockStates: ReadonlySet<string> = new Set(['40P01', '55P03', '57014']);

/** Row-level security forbids one row, and a damaged page holds a few. */
const conditionsOfRows: ReadonlySet<Condition> = new Set(['not_permitted', 'storage_fault']);

/**
 * Whether a single row may be the cause, so that the other rows of the statement do well without it. A deadline is that of one
 * row, too.
 */
export function isOfOneRow(error: unknown): boolean {
  if (error instanceof CutShort) return true;
  if (!(error instanceof DatabaseError)) return false;
  if (lockStates.has(error.code ?? '')) return true;
  const decision = decide(error);
  return decision.kind === 'defect' || (conditionsOfRows.has(decision.condition) && !endsSession(error));
}
