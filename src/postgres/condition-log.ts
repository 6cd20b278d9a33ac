import { type Condition, conditions, type Decision } from './decisions.ts';

/** A condition in which statements have failed, and none of them has succeeded since. */
export interface OpenCondition {
  condition: Condition;
  /** SQLSTATE or system code. */
  code: string;
  reason: string;
  /** Operation and table of the statement that met it last. */
  statement: string;
  error: unknown;
}

export interface ConditionEvents {
  /** Statements begin to fail in this condition. */
  conditionBegan(condition: OpenCondition): void;
  /** They succeed again, after so many failures in so many milliseconds. */
  conditionEnded(condition: Condition, after: { failures: number; lasted: number }): void;
}

export interface ConditionLog {
  /** A statement failed for good, and its caller gets `database_unavailable`. */
  met(failure: {
    decision: Exclude<Decision, { kind: 'defect' }>;
    code: string;
    statement: string;
    error: unknown;
  }): void;
  /** A statement succeeded; without its name, only the connection is known to work. */
  succeeded(statement?: string): void;
  open(): OpenCondition[];
  /** Whether a statement succeeded within so many milliseconds, and the connection has not failed since. */
  succeededWithin(milliseconds: number): boolean;
}

/** Milliseconds. A condition that comes and goes is reported once in this time. */
const reportEvery = 10_000;

interface Entry extends OpenCondition {
  since: number;
  failures: number;
  /** Operation and table of every statement that met it. */
  statements: Set<string>;
  reported: boolean;
}

/** Turns the failures of statements into the beginning and the end of conditions, so that each is reported once. */
export function createConditionLog(events: ConditionEvents, now = () => performance.now()): ConditionLog {
  const entries = new Map<Condition, Entry>();
  const reportedAt = new Map<Condition, number>();
  let succeededAt = Number.NEGATIVE_INFINITY;

  function reportOnce(entry: Entry): void {
    if (entry.reported || now() - (reportedAt.get(entry.condition) ?? Number.NEGATIVE_INFINITY) < reportEvery)
      return;
    entry.reported = true;
    reportedAt.set(entry.condition, now());
    events.conditionBegan(entry);
  }

  function isOver({ condition, statements }: Entry, statement: string | undefined): boolean {
    return (
      conditions[condition].of === 'connection' || (statement !== undefined && statements.has(statement))
    );
  }

  return {
    met({ decision: { condition, reason }, code, statement, error }) {
      const known = entries.get(condition) ?? {
        since: now(),
        failures: 0,
        statements: new Set<string>(),
        reported: false,
      };
      const entry = { ...known, condition, code, reason, statement, error, failures: known.failures + 1 };
      entry.statements.add(statement);
      if (conditions[condition].of === 'connection') succeededAt = Number.NEGATIVE_INFINITY;
      entries.set(condition, entry);
      reportOnce(entry);
    },

    succeeded(statement) {
      succeededAt = now();
      if (entries.size === 0) return;
      for (const entry of entries.values()) {
        if (!isOver(entry, statement)) continue;
        entries.delete(entry.condition);
        const { condition, failures, since, reported } = entry;
        if (reported) events.conditionEnded(condition, { failures, lasted: now() - since });
      }
    },

    open: () =>
      [...entries.values()].map(({ condition, code, reason, statement, error }) => ({
        condition,
        code,
        reason,
        statement,
        error,
      })),
    succeededWithin: (milliseconds) => now() - succeededAt <= milliseconds,
  };
}
