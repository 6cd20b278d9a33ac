import { type Static, Type } from 'typebox';
import type { MetricList, MetricPoints, MetricSummary } from '../api-types.ts';
import { mostSeriesOfMetric, mostShownLabelValues } from '../otlp/limits.ts';
import { shownTime } from '../second-by-second.ts';
import { createSeriesOf, type StoredSeries } from './metric-series.ts';
import type { MetricPoint } from './metric-points.ts';

export const MetricQuery = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 5000 }),
    /** Default: series of every unit. */
    unit: Type.Optional(Type.String({ maxLength: 5000 })),
    service: Type.Optional(Type.String({ maxLength: 5000 })),
    /** `label=value`, repeated. */
    label: Type.Optional(
      Type.Union([
        Type.String({ maxLength: 5000 }),
        Type.Array(Type.String({ maxLength: 5000 }), { maxItems: 32 }),
      ]),
    ),
    /** Only points after this time. */
    after: Type.Number({ default: 0 }),
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  },
  { additionalProperties: false },
);
export type MetricQuery = Static<typeof MetricQuery>;

/** Metrics of every sender, for the last 15 minutes, bounded by bytes and by series. */
export interface MetricStore {
  add(points: readonly MetricPoint[]): void;
  list(): MetricList;
  find(query: MetricQuery): MetricPoints;
  /** Number of points received. */
  received(): number;
  bytes(): number;
}

interface Metric {
  about: Pick<MetricPoint, 'name' | 'description'>;
  series: Map<string, StoredSeries>;
  refused: number;
}

/** @param capacity in bytes */
export function createMetricStore(capacity: number): MetricStore {
  const metrics = new Map<string, Metric>();
  /** The one that waits longest for a point is the first. */
  const byAge = new Map<StoredSeries, { metric: Metric; key: string; arrivedAt: number }>();
  const dropped = { series: 0, points: 0 };
  let bytes = 0;
  let received = 0;

  function remove(series: StoredSeries): void {
    const place = byAge.get(series);
    byAge.delete(series);
    bytes -= series.bytes();
    if (place === undefined) return;
    const { metric, key } = place;
    metric.series.delete(key);
    if (metric.series.size === 0) metrics.delete(metric.about.name);
  }

  /** Drops the series that are out of date, and while memory is short, those that wait longest for a point. */
  function evict(now: number): void {
    for (const [series, { arrivedAt }] of byAge) {
      // By the arrival, since the clock of a sender may be wrong.
      const isOld = arrivedAt < now - shownTime;
      if (!isOld && bytes <= capacity) break;
      if (!isOld) dropped.series += 1;
      remove(series);
    }
  }

  function seriesOf(point: MetricPoint): StoredSeries | undefined {
    let metric = metrics.get(point.name);
    if (metric === undefined) {
      const { name, description } = point;
      metric = { about: { name, description }, series: new Map(), refused: 0 };
      metrics.set(name, metric);
    }
    const key = keyOf(point);
    const known = metric.series.get(key);
    if (known !== undefined) return known;
    // A label with endless values must not displace every other metric.
    if (metric.series.size >= mostSeriesOfMetric) {
      dropped.points += 1;
      metric.refused += 1;
      return undefined;
    }
    const series = createSeriesOf(point);
    metric.series.set(key, series);
    byAge.set(series, { metric, key, arrivedAt: Date.now() });
    bytes += series.bytes();
    return series;
  }

  return {
    add(points) {
      for (const point of points) {
        received += 1;
        const series = seriesOf(point);
        if (series === undefined) continue;
        const size = series.bytes();
        if (!series.add(point)) continue;
        bytes += series.bytes() - size;
        const place = byAge.get(series);
        byAge.delete(series);
        const arrivedAt = Date.now();
        if (place !== undefined) byAge.set(series, { ...place, arrivedAt });
        evict(arrivedAt);
      }
    },
    list: () => ({
      metrics: [...metrics.values()].flatMap(summariesOf).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      dropped: { ...dropped },
    }),
    find({ name, unit, service, label = [], after, limit }) {
      const wanted = [label].flat().map((pair): [string, string] => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at), pair.slice(at + 1)];
      });
      const matching = [...(metrics.get(name)?.series.values() ?? [])].filter(
        ({ about }) =>
          (unit === undefined || about.unit === unit) &&
          (service === undefined || about.service === service) &&
          wanted.every(([each, value]) => about.labels[each] === value),
      );
      return {
        name,
        series: matching
          .toSorted((a, b) => b.newest() - a.newest())
          .slice(0, limit)
          .map((series) => series.since(after)),
        skipped: Math.max(0, matching.length - limit),
      };
    },
    received: () => received,
    bytes: () => bytes,
  };
}

function keyOf({ service, scope, kind, unit, labels }: MetricPoint): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([service, scope, kind, unit, pairs]);
}

function summariesOf({ about, series, refused }: Metric): MetricSummary[] {
  const byUnit = Map.groupBy(series.values(), (each) => each.about.unit);
  return [...byUnit.values()].map((all) => summaryOf({ ...about, refused }, all));
}

/** @param all at least one */
function summaryOf(
  about: Pick<MetricSummary, 'name' | 'description' | 'refused'>,
  all: readonly StoredSeries[],
): MetricSummary {
  const labels: Record<string, Set<string>> = {};
  for (const each of all) {
    for (const [label, value] of Object.entries(each.about.labels)) {
      const values = (labels[label] ??= new Set());
      if (values.size < mostShownLabelValues) values.add(value);
    }
  }
  const [{ kind, unit } = { kind: 'gauge' as const, unit: '' }] = all.map((each) => each.about);
  return {
    ...about,
    kind,
    unit,
    services: [...new Set(all.map((each) => each.about.service))],
    series: all.length,
    labels: Object.fromEntries(
      Object.entries(labels).map(([label, values]) => [label, [...values].toSorted()]),
    ),
    last: Math.max(...all.map((each) => each.last())),
  };
}
