import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Outcome } from '../../redis/answer-within.ts';
import type { RedisEvents } from '../../redis/redis.ts';
import { attributesByKey } from '../otlp/constant-attributes.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { addTime } from '../request-log.ts';
import { serverOfUrl } from '../server-of-url.ts';
import { recordingSpan, sampledTraceId, startBelow } from '../tracing/tracing.ts';

/** Milliseconds between two log lines about error replies: a full Redis sends one for every request. */
const refusalInterval = 60_000;

/**
 * Records each Redis command as a span and a duration, and logs when Redis becomes unavailable and available again.
 * Keys and values stay out: keys name clients, and values are their data.
 *
 * @param makeSpans false if an instrumentation creates the spans
 * @see https://opentelemetry.io/docs/specs/semconv/db/redis/
 */
export function observeRedis(
  logger: Logger,
  metrics: Metrics,
  options: { url: string; makeSpans: boolean },
): RedisEvents {
  const server = attributesOfServer(options.url);
  // One entry per command of the service.
  const attributesFor = attributesByKey(
    (command: string) => command,
    (command) => ({ 'db.operation.name': command, ...server }),
  );
  let unavailable = false;
  let quietUntil = 0;

  function reportRefusal(command: string, error: Error): void {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + refusalInterval;
    logger.warn(
      { event: 'redis.refused', command, err: error },
      'Redis refused a command, continuing without it',
    );
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
          const { result, call, error } = classify(outcome);
          metrics.breakerCall('redis', call);
          const status = outcome.kind === 'refused' ? error : undefined;
          metrics.dependency('redis', command, result, duration, sampledTraceId(), { error, status });
          if (outcome.kind === 'refused') reportRefusal(command, outcome.error);
          if (span === undefined) return;
          if (error !== undefined) {
            span.setAttribute('error.type', error);
            span.setStatus({ code: SpanStatusCode.ERROR, message: error });
            if (status !== undefined) span.setAttribute('db.response.status_code', status);
          }
          span.end();
        },
      };
    },
    skipped: () => metrics.breakerCall('redis', 'rejected'),
    circuitChanged({ from, to, connected, cause }) {
      metrics.breakerChanged('redis', from, to);
      // A failed probe (half-open and open again) belongs to the same outage.
      if (to === 'open' && !unavailable) {
        unavailable = true;
        logger.warn(
          { event: 'redis.unavailable', reason: connected ? 'timeouts' : 'no_connection', err: cause },
          'Redis is unavailable, continuing without it',
        );
      }
      if (to === 'closed' && unavailable) {
        unavailable = false;
        logger.info({ event: 'redis.available' }, 'Redis is available again');
      }
    },
  };
}

/** Attributes of every span, by the semantic conventions for databases. */
function attributesOfServer(url: string) {
  const { address, port } = serverOfUrl(url, 6379);
  return {
    'db.system.name': 'redis',
    // The database number.
    'db.namespace': new URL(url).pathname.slice(1) || '0',
    'server.address': address,
    'server.port': port,
  };
}

interface Classification {
  /** For the duration metric. */
  result: 'ok' | 'refused' | 'timeout' | 'connection_lost';
  /** For the circuit breaker, which counts an error reply as a success. */
  call: 'success' | 'timeout' | 'failure';
  /** The `error.type` of the span. */
  error?: string;
}

function classify(outcome: Outcome<unknown>): Classification {
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

/** An error reply of Redis starts with a code, such as `OOM`. */
function codeOf({ message }: Error): string {
  return /^[A-Z]+(?= |$)/.exec(message)?.[0] ?? 'ERR';
}
