import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, levels, pino } from 'pino';
import { alsoSendOtlp } from './otlp-logs.ts';
import { mergeWithoutSecrets, scrubArguments } from './redaction.ts';
import { currentRequestContext } from '../request-log.ts';
import { serviceVersion } from '../version.ts';

export type { Logger } from 'pino';

/** pino's number for the level. */
const warn = 40;

/**
 * JSON lines, in the field names that the dashboards and the docs read, and OTLP log records where the SDK sends any.
 * `info` is normal, `warn` is unusual but recovered, `error` means that a person must look.
 */
export function createLogger(options: {
  service: string;
  level: string;
  /** Default stdout, synchronously. */
  destination?: DestinationStream;
  /** Called for every line, with its level. */
  onMessage?: (level: string) => void;
}): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service, version: serviceVersion },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // They are described already; pino's own would add what is left out there.
      serializers: { err: (description: unknown) => description },
      mixin: idsOfLine,
      mixinMergeStrategy: mergeWithoutSecrets,
      hooks: {
        logMethod(args, method, level) {
          options.onMessage?.(levels.labels[level] ?? 'unknown');
          // The many lines that say all is well hold nothing that others wrote. Those that tell of trouble may.
          const mayHoldAnything = level >= warn || typeof args[1] !== 'string';
          method.apply(this, mayHoldAnything ? scrubArguments(args) : args);
        },
      },
    },
    alsoSendOtlp(options.destination ?? pino.destination(1)),
  );
}

/** Ties a line to its request and to the span that it was written in. */
function idsOfLine(): object {
  const requestContext = currentRequestContext();
  if (requestContext === undefined) return {};
  const spanContext = trace.getActiveSpan()?.spanContext() ?? requestContext.trace;
  return {
    request_id: requestContext.requestLog.request_id,
    ...(spanContext && { trace_id: spanContext.traceId, span_id: spanContext.spanId }),
  };
}
