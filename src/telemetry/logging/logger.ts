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
 * Writes JSON lines, in the field names of the dashboards and the docs, and OTLP log records if the SDK exports them.
 * `info` is normal operation, `warn` is unusual but handled, and `error` means that a person must act.
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
      // `describeError` has built them; pino's own serializer would add the properties that it drops.
      serializers: { err: (description: unknown) => description },
      mixin: idsOfLine,
      mixinMergeStrategy: mergeWithoutSecrets,
      hooks: {
        logMethod(args, method, level) {
          options.onMessage?.(levels.labels[level] ?? 'unknown');
          // Routine lines hold no text from outside, and scrubbing them all would cost CPU. Warnings and errors may.
          const mayQuoteInput = level >= warn || typeof args[1] !== 'string';
          method.apply(this, mayQuoteInput ? scrubArguments(args) : args);
        },
      },
    },
    alsoSendOtlp(options.destination ?? pino.destination(1)),
  );
}

/** Ties a line to its request and to the active span. */
function idsOfLine(): object {
  const requestContext = currentRequestContext();
  if (requestContext === undefined) return {};
  const spanContext = trace.getActiveSpan()?.spanContext() ?? requestContext.trace;
  return {
    request_id: requestContext.requestLog.request_id,
    ...(spanContext && { trace_id: spanContext.traceId, span_id: spanContext.spanId }),
  };
}
