import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Outcome } from '../../redis/answer-within.ts';
import type { RedisEvents } from '../../redis/redis.ts';
import { attributesByKey } from '../otlp/constant-attributes.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime } from '../request-log.ts';
import { recordingSpan, sampledTraceId, startBelow } from '../tracing/tracing.ts';

/** Milliseconds between two lines about errors that Redis answers with: a full Redis gives one per request. */
const refusalInterval = 60_000;

/**
 * Redis as spans, durations and a line when it goes and one when it comes back. No key and no value is told: keys name
 * clients, and values are what they ordered.
 *
 * @param makeSpans false where an instrumentation makes them
 * @see https://opentelemetry.io/docs/specs/semconv/db/redis/
 */
export function observeRedis(
  logger: Logger,
  metrics: Metrics,
  options: { url: string; makeSpans: boolean },
): RedisEvents {
  const server = attributesOfServer(options.url);
  // There are as many as the service has commands.
  const attributesFor = attributesByKey(
    (command: string) => command,
    (command) => ({ 'db.operation.name': command, ...server }),
  );
  let away = false;
  let quietUntil = 0;

  function reportRefusal(command: string, error: Error): void {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + refusalInterval;
    logger.warn({ event: 'redis.refused', command, err: error }, 'Redis refuses a command, going on without');
  }

  return {
    started(command) {
      const startedAt = performance.now();
      const parent = options.makeSpans ? recordingSpan() : undefined;
      const span = parent && startBelow(parent, command, SpanKind.CLIENT, attributesFor(command));
      return {
        ended(outcome) {
          const duration = performance.now() - startedAt;
          addTime('redis_ms', duration);
          const { result, call, error } = tell(outcome);
          metrics.breakerCall('redis', call);
          metrics.dependency('redis', command, result, duration, sampledTraceId());
          if (outcome.kind === 'refused') reportRefusal(command, outcome.error);
          if (span === undefined) return;
          if (error !== undefined) {
            span.setAttribute('error.type', error);
            span.setStatus({ code: SpanStatusCode.ERROR, message: error });
            if (outcome.kind === 'refused') span.setAttribute('db.response.status_code', error);
          }
          span.end();
        },
      };
    },
    skipped: () => metrics.breakerCall('redis', 'rejected'),
    circuitChanged({ from, to, connected, cause }) {
      metrics.breakerChanged('redis', from, to);
      // Half-open and back is part of the same absence.
      if (to === 'open' && !away) {
        away = true;
        logger.warn(
          { event: 'redis.unavailable', reason: connected ? 'timeouts' : 'no_connection', err: cause },
          'Redis is away, going on without',
        );
      }
      if (to === 'closed' && away) {
        away = false;
        logger.info({ event: 'redis.available' }, 'Redis is back');
      }
    },
  };
}

/** What every span has of the semantic conventions for databases. */
function attributesOfServer(url: string) {
  const { hostname, port, pathname } = new URL(url);
  return {
    'db.system.name': 'redis',
    // The number of the database.
    'db.namespace': pathname.slice(1) || '0',
    'server.address': hostname,
    'server.port': Number(port || 6379),
  };
}

interface Told {
  /** In the metrics. */
  result: 'ok' | 'refused' | 'timeout' | 'connection_lost';
  /** As the circuit breaker counts it, to which an error is an answer. */
  call: 'success' | 'timeout' | 'failure';
  /** In the span. */
  error?: string;
}

function tell(outcome: Outcome<unknown>): Told {
  switch (outcome.kind) {
    case 'answered':
      return { result: 'ok', call: 'success' };
    case 'refused':
      return { result: 'refused', call: 'success', error: codeOf(outcome.error) };
    case 'unanswered': {
      const { reason } = outcome;
      return { result: reason, call: reason === 'timeout' ? reason : 'failure', error: reason };
    }
  }
}

/** Redis begins its errors with a code, such as `OOM`. */
function codeOf({ message }: Error): string {
  return /^[A-Z]+(?= |$)/.exec(message)?.[0] ?? 'ERR';
}
