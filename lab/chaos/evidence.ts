import type { Capture } from '../evidence/captures.ts';
import type { ReceivedSpan } from '../console/otlp/messages.ts';
import { toSpanTrees } from '../harness/span-tree.ts';
import type { Finding } from '../audit/audit.ts';
import type { AlertHistory } from './alerts/alert-watch.ts';
import type { Reply, Visit } from './customers.ts';
import type { LogClaim, TraceClaim } from './experiment.ts';
import type { LogLine } from './replica.ts';
import type { Sampling } from './sampling.ts';

/** The moments of a run, by `performance.now()`. */
export interface Moments {
  started: number;
  faultSet: number;
  faultCleared: number;
  /** Undefined if the steady state did not return. */
  recovered?: number;
  /** Undefined if orders stayed pending. */
  settled?: number;
  ended: number;
}

/** Everything observed during an experiment, against which its hypothesis is verified. */
export interface Evidence {
  moments: Moments;
  replies: readonly Reply[];
  visits: readonly Visit[];
  sampling: Pick<Sampling, 'samples' | 'growth'>;
  /** The auditor's findings. */
  findings: readonly Finding[];
  /** The orders of this run, by idempotency key. */
  stored: ReadonlyMap<string, { status: string }>;
  /** Log lines since the fault; undefined if the service was running before. */
  lines?: readonly LogLine[];
  /** Spans since the fault; undefined if traces go elsewhere. */
  spans?: readonly ReceivedSpan[];
  /** What was taken for alerts; undefined if nothing could be. */
  captures?: readonly Capture[];
  /** What the pager was told about them, once the run has ended. */
  messages?: readonly string[];
  /** Undefined if no Prometheus evaluated the rules. */
  alerts?: { histories: readonly AlertHistory[]; scale: number };
}

export const duringFault = (
  { moments, replies }: Pick<Evidence, 'moments' | 'replies'>,
  from: Reply['from'][],
) =>
  replies.filter(
    (reply) =>
      from.includes(reply.from) && reply.sentAt >= moments.faultSet && reply.sentAt < moments.faultCleared,
  );

export function matchesLine(line: LogLine, { event, fields = {} }: LogClaim): boolean {
  return line['event'] === event && Object.entries(fields).every(([name, value]) => line[name] === value);
}

/** Of the traces that match the claim, the one with the most spans. */
export function exampleTrace(
  spans: readonly ReceivedSpan[],
  claim: TraceClaim,
): readonly ReceivedSpan[] | undefined {
  const matching = [...Map.groupBy(spans, ({ traceId }) => traceId).values()].filter((trace) =>
    shows(trace, claim),
  );
  return matching.toSorted((a, b) => b.length - a.length)[0];
}

function shows(trace: readonly ReceivedSpan[], claim: TraceClaim): boolean {
  const { root, spans, events = [], attributes = {} } = claim;
  return (
    trace.some(({ name, parentSpanId }) => name === root && parentSpanId === '') &&
    Object.entries(spans).every(
      ([name, count]) => trace.filter((span) => span.name === name).length >= count,
    ) &&
    events.every((event) => trace.some((span) => span.events.some(({ name }) => name === event))) &&
    Object.entries(attributes).every(([name, value]) => trace.some((span) => span.attributes[name] === value))
  );
}

/** One bar of a waterfall. Times in milliseconds from the start of the trace. */
export interface Bar {
  name: string;
  depth: number;
  start: number;
  duration: number;
  failed: boolean;
  note: string;
}

const noted = [
  'http.response.status_code',
  'error.type',
  'orders.payment.outcome',
  'orders.payment.attempts',
  'orders.circuit_breaker.state',
  'orders.order.status',
  'http.request.resend_count',
];

export function toWaterfall(trace: readonly ReceivedSpan[]): Bar[] {
  const first = trace.reduce(
    (least, { startTime }) => (startTime < least ? startTime : least),
    trace[0]?.startTime ?? 0n,
  );
  const milliseconds = (time: bigint) => Math.round(Number(time - first) / 1e4) / 100;
  const bars: Bar[] = [];
  const add = (trees: ReturnType<typeof toSpanTrees>, depth: number): void => {
    for (const { span, children } of trees) {
      const start = milliseconds(span.startTime);
      bars.push({
        name: span.name,
        depth,
        start,
        duration: Math.round(100 * (milliseconds(span.endTime) - start)) / 100,
        failed: span.status.code === 'ERROR',
        note: [
          ...noted.flatMap((name) =>
            span.attributes[name] === undefined
              ? []
              : [`${name.split('.').slice(-2).join('.')}=${print(span.attributes[name])}`],
          ),
          ...span.events.map(({ name }) => `▸ ${name}`),
        ].join('  '),
      });
      add(children, depth + 1);
    }
  };
  add(toSpanTrees(trace), 0);
  return bars;
}

export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const ascending = values.toSorted((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.ceil(share * ascending.length) - 1)] ?? Number.NaN;
}

function print(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
