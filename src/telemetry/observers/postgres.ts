import { SpanKind } from '@opentelemetry/api';
import type { DatabaseEvents, Statement } from '../../postgres/database.ts';
import { attributesByKey } from '../otlp/constant-attributes.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime } from '../request-log.ts';
import { failSpan, recordingSpan, sampledTraceId, startBelow } from '../tracing/tracing.ts';

/** By the semantic conventions for databases, like all attributes here. */
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

/** What Postgres answers; other codes are those of sockets and of ours. */
const sqlState = /^[0-9A-Z]{5}$/;

const summaries = new Map<string, string>();

/** What a prepared statement does, for the instrumentation, which sees its name alone. */
export function summaryOfStatement(name: string | undefined): string | undefined {
  return name === undefined ? undefined : summaries.get(name);
}

/**
 * A span, a duration and, where something went wrong, a log line per statement. Statements that nobody's request or
 * settlement asked for, such as the looks of the worker, make no span: a trace of their own would tell nothing.
 *
 * @param makeSpans false where an instrumentation makes them
 */
export function observeDatabase(
  logger: Logger,
  metrics: Metrics,
  options: { url: string; makeSpans: boolean },
): DatabaseEvents {
  const url = new URL(options.url);
  const server = {
    host: url.hostname,
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)),
  };

  // There are as many as the store has statements.
  const attributesFor = attributesByKey(
    (statement: Statement) => statement.name,
    (statement) => attributesOf(statement, server),
  );

  return {
    started(statement) {
      if (!options.makeSpans) summaries.set(statement.name, statement.summary);
      const startedAt = performance.now();
      const parent = recordingSpan();
      const span =
        parent && options.makeSpans
          ? startBelow(parent, statement.summary, SpanKind.CLIENT, attributesFor(statement))
          : undefined;
      let retries = 0;
      return {
        retrying({ attempt, delay, code, reason }) {
          retries += 1;
          const fields = { attempt, delay_ms: Math.round(delay), sqlstate: code };
          (span ?? parent)?.addEvent('retry', fields);
          metrics.retries('postgres', statement.name, 'retried');
          logger.warn(
            { event: 'postgres.retry', statement: statement.name, ...fields, reason },
            'statement failed, trying again',
          );
        },
        ended(error) {
          const duration = performance.now() - startedAt;
          addTime('db_ms', duration);
          if (retries > 0)
            metrics.retries('postgres', statement.name, error === undefined ? 'recovered' : 'exhausted');
          metrics.dependency(
            'postgres',
            statement.name,
            error === undefined ? 'ok' : 'error',
            duration,
            sampledTraceId(),
          );
          if (span === undefined) return;
          if (error !== undefined) {
            const type = failSpan(span, error);
            if (sqlState.test(type)) span.setAttribute('db.response.status_code', type);
          }
          span.end();
        },
      };
    },
    connectionLost(error) {
      logger.warn({ event: 'postgres.connection_lost', err: error }, 'idle connection to Postgres lost');
    },
  };
}
