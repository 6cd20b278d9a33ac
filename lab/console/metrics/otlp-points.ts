import { boundedLabels, boundedText, type Cuts, mostExemplarsOfSeries } from '../otlp/limits.ts';
import type { ReceivedMetric } from '../otlp/messages.ts';
import { isSpanId, isTraceId, milliseconds, replicaOf, serviceOf } from '../otlp/records.ts';
import {
  exponentialIndex,
  type Distribution,
  type Measured,
  mostBuckets,
  type MetricPoint,
} from './metric-points.ts';

/** The points of a received metric. Those that no reader could place are rejected; labels and texts may be cut off. */
export function pointsOf(metric: ReceivedMetric): {
  points: MetricPoint[];
  rejected: number;
  dropped: number;
} {
  const cuts: Cuts = { count: 0 };
  const points = [...allPoints(metric, cuts)];
  const readable = points.filter((point) => point !== undefined);
  return { points: readable, rejected: points.length - readable.length, dropped: cuts.count };
}

type AnyPoint = NonNullable<
  ReceivedMetric['gauge' | 'sum' | 'histogram' | 'summary' | 'exponentialHistogram']
>['points'][number];

function* allPoints(metric: ReceivedMetric, cuts: Cuts): Iterable<MetricPoint | undefined> {
  const { gauge, sum, histogram, exponentialHistogram, summary } = metric;
  const describe = describer(metric, cuts);
  for (const point of gauge?.points ?? []) yield describe(point, 'gauge', measuredNumber(point), false);
  for (const point of sum?.points ?? [])
    yield describe(
      point,
      sum?.isMonotonic === true ? 'counter' : 'updown',
      measuredNumber(point),
      isDelta(sum),
    );
  for (const point of histogram?.points ?? [])
    yield describe(point, 'histogram', measuredHistogram(point), isDelta(histogram));
  for (const point of exponentialHistogram?.points ?? [])
    yield describe(point, 'histogram', measuredExponential(point), isDelta(exponentialHistogram));
  for (const { quantiles, ...point } of summary?.points ?? []) {
    const pairs = quantiles.map(({ quantile, value }): [number, number] => [quantile, value]);
    const measured =
      pairs.length > mostBuckets ? undefined : { count: point.count, sum: point.sum, quantiles: pairs };
    yield describe({ ...point, quantiles }, 'summary', measured, false);
  }
}

const isDelta = (data: { temporality: string } | undefined) => data?.temporality === 'DELTA';
/** The sender had no value at that time. */
const noValue = 1;

function describer(metric: ReceivedMetric, cuts: Cuts) {
  const service = serviceOf(metric.resource);
  const instance = replicaOf(metric.resource);
  const origin = {
    service,
    scope: boundedText(metric.scope.name, cuts),
    name: boundedText(metric.name, cuts),
    unit: boundedText(metric.unit, cuts),
    description: boundedText(metric.description, cuts),
  };
  return (
    point: AnyPoint,
    kind: MetricPoint['kind'],
    measured: Measured | undefined,
    delta: boolean,
  ): MetricPoint | undefined => {
    if (measured === undefined || metric.name === '') return undefined;
    const labels = boundedLabels(point.attributes, instance === '' ? {} : { instance }, cuts);
    const exemplars = 'exemplars' in point ? point.exemplars : [];
    return {
      ...origin,
      kind,
      labels,
      time: point.time === 0n ? Date.now() : milliseconds(point.time),
      start: milliseconds(point.startTime),
      isDelta: delta,
      measured: (point.flags & noValue) === noValue ? { value: null } : measured,
      exemplars: exemplars
        .filter(({ traceId }) => isTraceId(traceId))
        .slice(-mostExemplarsOfSeries)
        .map(({ time, asDouble, asInt, traceId, spanId }) => ({
          time: milliseconds(time),
          value: Number(asDouble ?? asInt ?? 0),
          traceId,
          spanId: isSpanId(spanId) ? spanId : '',
        })),
    };
  };
}

function measuredNumber({
  asDouble,
  asInt,
}: {
  asDouble: number | undefined;
  asInt: number | bigint | undefined;
}): Measured {
  const value = Number(asDouble ?? asInt);
  return { value: Number.isFinite(value) ? value : null };
}

type HistogramPoint = NonNullable<ReceivedMetric['histogram']>['points'][number];

function measuredHistogram({ count, sum, bounds, bucketCounts }: HistogramPoint): Measured | undefined {
  const isComplete = bucketCounts.length === bounds.length + 1 || bucketCounts.length === 0;
  const isSorted = bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0));
  if (!isComplete || !isSorted || bounds.length > mostBuckets) return undefined;
  const counts = bucketCounts.length === 0 ? [count] : bucketCounts;
  const layout = { bounds: bucketCounts.length === 0 ? [] : bounds };
  return { count, sum, distribution: { layout, counts: new Map(counts.entries()) } };
}

type ExponentialPoint = NonNullable<ReceivedMetric['exponentialHistogram']>['points'][number];

function measuredExponential(point: ExponentialPoint): Measured | undefined {
  const { count, sum, scale, zeroCount, zeroThreshold, positive, negative } = point;
  // Beyond these scales, one bucket holds every double, or a double cannot tell two buckets apart.
  const isReadable =
    scale >= -10 && scale <= 20 && positive.counts.length + negative.counts.length <= mostBuckets;
  if (!isReadable) return undefined;
  const counts = new Map<number, number>([[0, zeroCount]]);
  for (const [at, each] of positive.counts.entries())
    if (each > 0) counts.set(exponentialIndex(1, positive.offset + at), each);
  for (const [at, each] of negative.counts.entries())
    if (each > 0) counts.set(exponentialIndex(-1, negative.offset + at), each);
  const distribution: Distribution = { layout: { scale, zeroThreshold }, counts };
  return { count, sum, distribution };
}
