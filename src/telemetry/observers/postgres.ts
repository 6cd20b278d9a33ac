import { SpanKind } from '@opentelemetry/api';
import { identity } from '../../identity.ts';
import type { DatabaseHost, DatabaseUrl } from '../../config/database-url.ts';
import type { DatabaseEvents, Statement } from '../../postgres/database.ts';
import { conditions } from '../../postgres/decisions.ts';
import { decide, faultName, sqlStateOf } from '../../postgres/faults.ts';
import { attributesByKey } from '../otlp/constant-attributes.ts';
import type { Logger } from '../logging/logger.ts';
import type { DatabaseDetail } from '../metrics/dependency-metrics.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime, currentRequestLog } from '../request-log.ts';
import { failSpan, recordingSpan, sampledTraceId, startBelow } from '../tracing/tracing.ts';

/** @see https://opentelemetry.io/docs/specs/semconv/db/database-spans/ */
export function attributesOfSummary(summary: string) {
  const [operation = '', table = ''] = summary.split(' ');
  return { 'db.operation.name': operation, 'db.collection.name': table, 'db.query.summary': summary };
}

function attributesOf({ summary }: Statement, server: { host: string; port: number; database: string }) {
  return {
    'db.system.name': 'postgresql',
    'db.namespace': server.database,
    ...attributesOfSummary(summary),
    'server.address': server.host,
    'server.port': server.port,
  };
}

const summaries = new Map<string, string>();

/** The summary of a statement, for the instrumentation, which sees the name of a prepared one and the text of any. */
export function summaryOfStatement({ name, text }: { name?: string; text: string }): string | undefined {
  return summaries.get(name ?? text);
}

/**
 * Records a span and a duration per statement, and logs retries and lost connections. A statement outside any trace,
 * such as a worker's search for due work, gets no span: a trace of one statement shows nothing.
 *
 * @param makeSpans false if an instrumentation creates the spans
 */
export function observeDatabase(
  logger: Logger,
  metrics: Metrics,
  options: { url: DatabaseUrl; makeSpans: boolean },
): DatabaseEvents {
  const [first = { host: '', port: 0 }] = options.url.hosts;
  let attributesFor = attributesAt(first);

  // One entry per statement of the store.
  function attributesAt(server: DatabaseHost) {
    return attributesByKey(
      (statement: Statement) => statement.name,
      (statement) => attributesOf(statement, { ...server, database: options.url.database ?? '' }),
    );
  }

  return {
    started(statement, { inSharedStatement } = { inSharedStatement: false }) {
      if (!options.makeSpans) {
        summaries.set(statement.name, statement.summary);
        summaries.set(statement.text, statement.summary);
      }
      const startedAt = performance.now();
      const parent = recordingSpan();
      const span =
        parent && (options.makeSpans || inSharedStatement)
          ? startBelow(parent, statement.summary, SpanKind.CLIENT, attributesFor(statement))
          : undefined;
      // Rows of a shared statement have one retry, and so one end of it.
      let hasCountedRetry = false;
      return {
        retrying({ attempt, delay, error, reason, repeated = false }) {
          const fields = { attempt, delay_ms: Math.round(delay) };
          (span ?? parent)?.addEvent(`${identity.namespace}.postgres.retry`, {
            [`${identity.namespace}.retry.attempt`]: attempt,
            [`${identity.namespace}.retry.delay_ms`]: fields.delay_ms,
            ...attributesOfFault(error),
          });
          if (repeated) return;
          hasCountedRetry = true;
          metrics.retries('postgres', statement.name, 'retried');
          logger.warn(
            {
              event: 'postgres.retry',
              statement: statement.name,
              ...fields,
              ...fieldsOfFault(error),
              reason,
            },
            'statement failed, trying again',
          );
        },
        sent(rows) {
          // The conventions leave the attribute out of a statement of one row.
          if (rows > 1) span?.setAttribute('db.operation.batch.size', rows);
        },
        ended(error) {
          const duration = performance.now() - startedAt;
          addTime('db_ms', duration);
          if (error !== undefined) noteCondition(error);
          if (hasCountedRetry)
            metrics.retries('postgres', statement.name, error === undefined ? 'recovered' : 'exhausted');
          metrics.dependency(
            'postgres',
            statement.name,
            error === undefined ? 'ok' : 'error',
            duration,
            sampledTraceId(),
            error === undefined ? statement : detailOfFault(statement, error),
          );
          if (span === undefined) return;
          if (error !== undefined) {
            failSpan(span, error);
            span.setAttributes(attributesOfFault(error));
          }
          span.end();
        },
      };
    },
    conditionBegan({ condition, reason, statement, error }) {
      const { text, ...facts } = conditions[condition];
      const level = 'needsPerson' in facts ? 'error' : 'warn';
      logger[level](
        { event: 'postgres.condition', condition, ...fieldsOfFault(error), statement, reason, err: error },
        `statements fail: ${text}`,
      );
    },
    conditionEnded(condition, { failures, lasted }) {
      logger.info(
        { event: 'postgres.condition_ended', condition, failures, lasted_ms: Math.round(lasted) },
        'statements succeed again',
      );
    },
    serverFound(server) {
      attributesFor = attributesAt(server);
      logger.info({ event: 'postgres.server_found', ...server }, 'connections go to this server');
    },
    connectionLost(error) {
      logger.warn({ event: 'postgres.connection_lost', err: error }, 'idle connection to Postgres lost');
    },
  };
}

function detailOfFault({ summary }: Statement, error: unknown): DatabaseDetail {
  return { summary, error: faultName(error), status: sqlStateOf(error) };
}

/** @see https://opentelemetry.io/docs/specs/semconv/db/postgresql/ */
function attributesOfFault(error: unknown): Record<string, string> {
  const state = sqlStateOf(error);
  return {
    'error.type': faultName(error),
    ...(state !== undefined && { 'db.response.status_code': state }),
  };
}

/** `sqlstate` only for what Postgres reported. A fault of the network has a code of its own, such as ECONNREFUSED. */
function fieldsOfFault(error: unknown): { sqlstate: string } | { error_code: string } {
  const sqlstate = sqlStateOf(error);
  return sqlstate === undefined ? { error_code: faultName(error) } : { sqlstate };
}

/** The canonical log line of a request says why it got 503. */
function noteCondition(error: unknown): void {
  const requestLog = currentRequestLog();
  const decision = decide(error);
  if (requestLog && decision.kind !== 'defect') requestLog.db_condition = decision.condition;
}
