import type { CircuitState } from '../../resilience/circuit-breaker.ts';
import { markExemplar } from '../tracing/tracing.ts';
import { conventionNamed } from './conventions.ts';
import type { Instruments } from './instruments.ts';

/** Calls to Postgres, Redis and the dependencies of the domain, with their retries and circuit breakers. */
export interface DependencyMetrics {
  /**
   * Records one call. The caller has a span of the trace active: a call that becomes an exemplar marks it.
   *
   * @param duration milliseconds
   * @param traceId of a sampled trace, which may become the exemplar of its bucket
   * @param detail of an operation on a database
   */
  dependency(
    name: string,
    operation: string,
    outcome: string,
    duration: number,
    traceId?: string,
    detail?: DatabaseDetail,
  ): void;
  /** A statement was sent that several writes share, with so many rows. */
  batchSent(statement: string, rows: number): void;
  retries(dependency: string, operation: string, result: 'retried' | 'recovered' | 'exhausted'): void;
  breakerCall(breaker: string, outcome: 'success' | 'failure' | 'timeout' | 'rejected'): void;
  breakerChanged(breaker: string, from: CircuitState, to: CircuitState): void;
  cacheRequested(cache: string, result: 'hit' | 'miss' | 'error'): void;
  /**
   * Names breakers and caches that an alert watches. It compares with the value before the first event, so their series exist
   * from now on.
   */
  watch(names: { breakers: readonly string[]; caches: readonly string[] }): void;
}

/** What the semantic conventions say of an operation on a database. */
export interface DatabaseDetail {
  /** Operation and table of a statement. */
  summary?: string;
  /** The `error.type` of one that failed. */
  error?: string | undefined;
  /** What the database reported: an SQLSTATE, or the code of an error of Redis. */
  status?: string | undefined;
}

const noDetail: DatabaseDetail = {};

/** Seconds. */
const dependencyBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Rows. */
const batchBuckets = [1, 2, 4, 8, 16, 32];

export function createDependencyMetrics(make: Instruments): DependencyMetrics {
  const duration = make.histogram({
    name: 'dependency_request_duration_seconds',
    help: 'Time of one attempt at a dependency, of one statement with its retries, or of one Redis command.',
    labels: ['dependency', 'operation', 'outcome'],
    detail: ['summary', 'error', 'db_status'],
    buckets: dependencyBuckets,
    advised: conventionNamed('db.client.operation.duration').buckets,
  });
  const batchRows = make.histogram({
    name: 'pg_batch_rows',
    help: 'Rows of a statement that several writes share.',
    labels: ['statement'],
    buckets: batchBuckets,
  });
  const breakerCalls = make.counter({
    name: 'circuit_breaker_calls_total',
    help: 'Calls through a circuit breaker, and those that it turned away.',
    labels: ['breaker', 'outcome'],
  });
  const breakerTransitions = make.counter({
    name: 'circuit_breaker_transitions_total',
    help: 'Changes of the state of a circuit breaker.',
    labels: ['breaker', 'from', 'to'],
  });
  const retries = make.counter({
    name: 'retries_total',
    help: 'Retries: made, and calls with retries that succeeded in the end or ran out of attempts, budget or time.',
    labels: ['dependency', 'operation', 'result'],
  });
  const cacheRequests = make.counter({
    name: 'cache_requests_total',
    help: 'Cache lookups: hit, miss, or no response from the cache.',
    labels: ['cache', 'result'],
  });

  return {
    dependency(name, operation, outcome, milliseconds, traceId, detail = noDetail) {
      const child = make.detailed
        ? duration.child(
            name,
            operation,
            outcome,
            detail.summary ?? '',
            detail.error ?? '',
            detail.status ?? '',
          )
        : duration.child(name, operation, outcome);
      const isExemplar = child.observe(milliseconds / 1000, traceId);
      if (isExemplar) markExemplar();
    },
    batchSent(statement, rows) {
      batchRows.child(statement).observe(rows);
    },
    retries: (dependency, operation, result) => retries.child(dependency, operation, result).increment(),
    breakerCall: (breaker, outcome) => breakerCalls.child(breaker, outcome).increment(),
    breakerChanged: (breaker, from, to) => breakerTransitions.child(breaker, from, to).increment(),
    cacheRequested: (cache, result) => cacheRequests.child(cache, result).increment(),
    watch({ breakers, caches }) {
      for (const breaker of breakers) {
        for (const outcome of ['success', 'failure', 'timeout', 'rejected'])
          breakerCalls.child(breaker, outcome);
      }
      for (const cache of caches) {
        for (const result of ['hit', 'miss', 'error']) cacheRequests.child(cache, result);
      }
    },
  };
}
