import { expect } from 'vitest';
import type { Answer } from './api-client.ts';
import type { ReceivedSpan } from '../../../lab/console/otlp/messages.ts';
import { printSpanTrees } from '../../../lab/harness/span-tree.ts';
import { exemplarTraces, growth, samplesOf, type TracedService } from '../processes/traced-service.ts';

/**
 * The statements of the settlement worker, which looks for due orders once in its own time: on a busy machine, while a request
 * is followed. A request runs none of them.
 */
const ofWorker = / postgres (take_\w+_orders\w*|count_backlog) /;

function withoutWorker(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([series]) => !ofWorker.test(series)));
}

/** Attributes that describe the course of a request, for `printSpanTrees`. */
export const shown = [
  'http.response.status_code',
  'error.type',
  'orders.shed.reason',
  'orders.idempotency.result',
  'orders.order.status',
  'http.request.resend_count',
  'orders.payment.outcome',
  'orders.payment.attempts',
  'orders.circuit_breaker.state',
];
const counted = [
  'http_requests_total',
  'requests_shed_total',
  'orders_total',
  'order_value_minor_total',
  'retries_total',
  'circuit_breaker_calls_total',
  'circuit_breaker_transitions_total',
  'dependency_request_duration_seconds_count',
];

/**
 * Sends one request to `/orders` and returns its telemetry, after checking that the answer, the trace, the log line and
 * the exemplar refer to each other.
 *
 * @param spans number of spans in the trace
 */
export async function follow(traced: TracedService, spans: number, send: () => Promise<Answer<unknown>>) {
  const before = await traced.scrape();
  const { status, headers, body } = await send();
  const line = await traced.requestLine(headers.get('x-request-id') ?? '');
  const traceId = String(line['trace_id']);
  const trees = await traced.receiver.waitForTrace(traceId, spans);
  const after = await traced.scrape();
  const [root] = trees;
  if (root === undefined) throw new Error('a trace without a root');

  // The second bit says that the trace id is random. A caller that does not say so is passed on.
  expect(headers.get('traceparent')).toMatch(new RegExp(`^00-${traceId}-${root.span.spanId}-0[13]$`));
  expect(line).toMatchObject({ span_id: root.span.spanId, route: '/orders', method: 'POST', status });
  expect(root.span.attributes).toMatchObject({
    'http.route': '/orders',
    'orders.request.id': line['request_id'],
    'orders.client.id': 'shop',
    ...(line['order_id'] !== undefined && { 'orders.order.id': line['order_id'] }),
  });
  const duration = samplesOf(after, 'http_request_duration_seconds_bucket', { status_code: String(status) });
  expect(exemplarTraces({ types: {}, samples: duration })).toContain(traceId);
  return {
    status,
    body,
    line,
    traceId,
    root: root.span,
    tree: printSpanTrees(trees, shown),
    counts: withoutWorker(growth(before, after, counted)),
    spans: traced.receiver.spans.filter((span) => span.traceId === traceId),
  };
}

/** The events of the spans with this name. */
export const eventsOf = (spans: readonly ReceivedSpan[], name: string) =>
  spans.filter((span) => span.name === name).flatMap(({ events }) => events);
