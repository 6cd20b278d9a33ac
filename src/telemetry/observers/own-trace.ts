import { type Span, type SpanContext, SpanKind } from '@opentelemetry/api';
import { type RequestLog, runInRequest } from '../request-log.ts';
import { startTrace, validContext, withSpan } from '../tracing/tracing.ts';

/**
 * Runs work that no request waits for, such as a round of a worker, in a trace of its own and with log fields of its own.
 *
 * @param cause the trace that left the work behind; a link leads to it
 */
export function inOwnTrace<T>(
  name: string,
  requestLog: RequestLog,
  work: (span: Span) => Promise<T>,
  cause?: SpanContext,
): Promise<T> {
  const span = startTrace(name, {
    kind: SpanKind.CONSUMER,
    root: true,
    ...(cause && { links: [{ context: cause }] }),
  });
  return runInRequest({ requestLog, trace: validContext(span) }, () => withSpan(span, work));
}
