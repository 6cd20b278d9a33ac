import type { MetricKind } from '../api-types.ts';
import { isSpanId, isTraceId } from '../otlp/records.ts';
import type { Distribution, MetricPoint } from './metric-points.ts';
import { readSamples, type Sample } from './openmetrics.ts';

/** Where and when an exposition was read. `time` is milliseconds since 1970. */
interface Scrape {
  service: string;
  time: number;
}

interface Family {
  name: string;
  kind: MetricKind;
  description: string;
}

const kinds: Readonly<Record<string, MetricKind>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  unknown: 'gauge',
  untyped: 'gauge',
};

/**
 * Every metric of an exposition in the Prometheus or OpenMetrics format, as points. Names keep their suffixes, so that they are
 * those of the alerts and dashboards.
 */
export function pointsIn(text: string, scrape: Scrape): MetricPoint[] {
  const families = familiesIn(text);
  const bySeries = new Map<string, Sample[]>();
  for (const sample of readSamples(text, () => true)) {
    if (sample.name.endsWith('_created')) continue;
    const family = familyOf(sample.name, families);
    const { le: _le, quantile: _quantile, ...labels } = sample.labels;
    const name = isMany(family.kind) ? family.name : sample.name;
    const key = JSON.stringify([name, family.kind, family.description, labels]);
    const known = bySeries.get(key);
    if (known) known.push(sample);
    else bySeries.set(key, [sample]);
  }
  return [...bySeries].map(([key, samples]) => pointOf(key, samples, scrape));
}

/** @param key name, kind, description and labels, as JSON */
function pointOf(key: string, samples: readonly Sample[], scrape: Scrape): MetricPoint {
  const [name, kind, description, labels] = JSON.parse(key) as [
    string,
    MetricKind,
    string,
    Record<string, string>,
  ];
  const unit = name.includes('_seconds') ? 's' : '';
  const about = { name, kind, description, labels, unit, scope: '', start: 0, isDelta: false };
  return { ...scrape, ...about, ...measuredBy(kind, samples) };
}

const isMany = (kind: MetricKind) => kind === 'histogram' || kind === 'summary';

/** The `# TYPE` and `# HELP` lines, by name. */
function familiesIn(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const comment = /^# (TYPE|HELP) ([\w:]+) (.*)$/gm;
  for (const [, what, name = '', rest = ''] of text.matchAll(comment)) {
    const known = families.get(name) ?? { name, kind: 'gauge', description: '' };
    families.set(
      name,
      what === 'TYPE' ? { ...known, kind: kinds[rest.trim()] ?? 'gauge' } : { ...known, description: rest },
    );
  }
  return families;
}

/** The family of a sample: its name may have a suffix, which in OpenMetrics a counter's family does not have. */
function familyOf(name: string, families: ReadonlyMap<string, Family>): Family {
  const own = families.get(name);
  if (own) return own;
  const base = name.replace(/_(?:bucket|sum|count|total)$/, '');
  return families.get(base) ?? { name, kind: 'gauge', description: '' };
}

function measuredBy(
  kind: MetricKind,
  samples: readonly Sample[],
): Pick<MetricPoint, 'measured' | 'exemplars'> {
  const exemplars = samples.flatMap(({ exemplar }) => {
    const { trace_id: traceId = '', span_id: spanId = '' } = exemplar?.labels ?? {};
    if (exemplar?.time === undefined || !isTraceId(traceId)) return [];
    const { time, value } = exemplar;
    return [{ time: time * 1000, value, traceId, spanId: isSpanId(spanId) ? spanId : '' }];
  });
  const valueOf = (suffix: string) => samples.find(({ name }) => name.endsWith(suffix))?.value ?? 0;
  if (kind === 'histogram') {
    const distribution = distributionOf(samples);
    return { measured: { count: valueOf('_count'), sum: valueOf('_sum'), distribution }, exemplars };
  }
  if (kind === 'summary') {
    const quantiles = samples.flatMap(
      ({ labels: { quantile }, value }): Array<[number, number]> =>
        quantile === undefined ? [] : [[Number(quantile), value]],
    );
    return { measured: { count: valueOf('_count'), sum: valueOf('_sum'), quantiles }, exemplars };
  }
  const value = samples[0]?.value ?? Number.NaN;
  return { measured: { value: Number.isFinite(value) ? value : null }, exemplars };
}

/** Prometheus's buckets are cumulative. */
function distributionOf(samples: readonly Sample[]): Distribution {
  const buckets = samples
    .flatMap(({ labels: { le }, value }) =>
      le === undefined ? [] : [{ bound: le === '+Inf' ? Infinity : Number(le), value }],
    )
    .toSorted((a, b) => a.bound - b.bound);
  const counts = new Map(
    buckets.map(({ value }, index): [number, number] => [index, value - (buckets[index - 1]?.value ?? 0)]),
  );
  return {
    layout: { bounds: buckets.map(({ bound }) => bound).filter((bound) => bound !== Infinity) },
    counts,
  };
}
