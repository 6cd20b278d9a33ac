import type { Exemplar } from '../api-types.ts';
import { type DomainReading, domainMetrics, noDomainReading } from './domain-readings.ts';
import type { Sample } from './openmetrics.ts';

/** One scrape, in the terms of the overview. Counters are totals since the service started. */
export interface Reading extends DomainReading {
  requests: Record<'ok' | 'client' | 'shed' | 'failed', number>;
  /** Cumulative counts over all routes, by upper bound in seconds. */
  duration: Map<number, number>;
  /** Exemplars of the buckets, of any age. */
  exemplars: Exemplar[];
  inFlight: number | null;
  limit: number | null;
  queued: number | null;
  retries: number;
  rejected: number;
  /** State by circuit breaker. */
  breakers: Record<string, string>;
  /** Transitions so far by circuit breaker and new state, as in `payment:half_open`. */
  transitions: Record<string, number>;
  /** Seconds. */
  cpu: number | null;
  /** Bytes. */
  memory: number | null;
}

/** How each metric enters a reading. A metric that the service lacks keeps its initial value. */
const metrics: Readonly<Record<string, (reading: Reading, sample: Sample) => void>> = {
  http_requests_total: ({ requests }, { labels, value }) => {
    requests[outcomeOf(labels['status_code'] ?? '')] += value;
  },
  http_request_duration_seconds_bucket: (reading, sample) => {
    const bound = Number(sample.labels['le']?.replace('+Inf', 'Infinity'));
    if (Number.isNaN(bound)) return;
    reading.duration.set(bound, (reading.duration.get(bound) ?? 0) + sample.value);
    const exemplar = exemplarOf(sample);
    if (exemplar) reading.exemplars.push(exemplar);
  },
  http_requests_in_flight: (reading, { value }) => {
    reading.inFlight = value;
  },
  admission_limit: (reading, { value }) => {
    reading.limit = value === 0 ? null : value;
  },
  admission_queue_depth: (reading, { value }) => {
    reading.queued = value;
  },
  retries_total: (reading, { labels, value }) => {
    if (labels['result'] === 'retried') reading.retries += value;
  },
  circuit_breaker_calls_total: (reading, { labels, value }) => {
    if (labels['outcome'] === 'rejected') reading.rejected += value;
  },
  circuit_breaker_state: ({ breakers }, { labels: { breaker = '', state = '' }, value }) => {
    if (value === 1) breakers[breaker] = state;
  },
  circuit_breaker_transitions_total: ({ transitions }, { labels: { breaker = '', to = '' }, value }) => {
    const name = `${breaker}:${to}`;
    transitions[name] = (transitions[name] ?? 0) + value;
  },
  ...domainMetrics,
  process_cpu_seconds_total: (reading, { value }) => {
    reading.cpu = value;
  },
  process_resident_memory_bytes: (reading, { value }) => {
    reading.memory = value;
  },
};

export const isRead = (name: string): boolean => Object.hasOwn(metrics, name);

export function readingOf(samples: readonly Sample[]): Reading {
  const reading: Reading = {
    requests: { ok: 0, client: 0, shed: 0, failed: 0 },
    duration: new Map(),
    exemplars: [],
    inFlight: null,
    limit: null,
    queued: null,
    retries: 0,
    rejected: 0,
    ...noDomainReading(),
    breakers: {},
    transitions: {},
    cpu: null,
    memory: null,
  };
  for (const sample of samples) metrics[sample.name]?.(reading, sample);
  return reading;
}

function outcomeOf(status: string): keyof Reading['requests'] {
  if (status === '429') return 'shed';
  if (status.startsWith('5')) return 'failed';
  return status.startsWith('4') ? 'client' : 'ok';
}

function exemplarOf({ labels, exemplar }: Sample): Exemplar | undefined {
  const traceId = exemplar?.labels['trace_id'];
  if (!exemplar || !traceId || exemplar.time === undefined) return undefined;
  return {
    time: exemplar.time * 1000,
    seconds: exemplar.value,
    traceId,
    name: `${labels['method'] ?? ''} ${labels['route'] ?? ''}`.trim(),
    httpStatus: labels['status_code'] ?? '',
  };
}
