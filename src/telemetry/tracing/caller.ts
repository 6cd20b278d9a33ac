import type { IncomingMessage } from 'node:http';
import { type Context, propagation, type Span, type SpanContext, trace } from '@opentelemetry/api';
import type { CallerTrust } from '../../http/limits/trusted-callers.ts';

/** Where a request comes from. */
export interface Caller {
  /** The trace and the baggage that the service continues: the root context unless the caller is trusted. */
  context: Context;
  /** The trace of a caller that is not trusted. */
  stranger?: SpanContext | undefined;
}

/**
 * Reads the trace of a caller. Continuing the one of a stranger would let strangers decide which traces are kept, how often
 * one counts (`tracestate: ot=th:…`), and whose trace a request is shown in.
 *
 * @see https://www.w3.org/TR/trace-context-2/#security-considerations
 */
export function callerOf(request: IncomingMessage, root: Context, isTrusted: CallerTrust): Caller {
  const context = propagation.extract(root, request.headers);
  if (context === root || isTrusted(request)) return { context };
  return { context: root, stranger: trace.getSpanContext(context) };
}

/** Links the trace of the service to that of a stranger, which may be in another system. */
export function linkStranger(span: Span, { stranger }: Caller): void {
  if (stranger === undefined || !span.isRecording()) return;
  const { traceState: _unchecked, ...ids } = stranger;
  span.addLink({ context: ids });
}
