import type { MetricSeries } from '../api-types.ts';

type Named = Pick<MetricSeries, 'service' | 'scope' | 'kind' | 'labels'>;

/** What tells a series from the others: its labels, and before them its service, scope and kind as far as those differ. */
export function labelOf(series: Named, all: readonly Named[]): string {
  const pairs = Object.entries(series.labels).map(([name, value]) => `${name}=${value}`);
  return [...makersOf(series, all), ...pairs].join(' ') || series.service;
}

/** The values of what differs between the lines. */
export function shortLabelOf(series: Named, all: readonly Named[]): string {
  const { service, labels } = series;
  const values = Object.entries(labels).filter(([name]) =>
    all.some((each) => each.labels[name] !== labels[name]),
  );
  const differing = [...makersOf(series, all), ...values.map(([, value]) => value)];
  return differing.join(' ') || Object.values(labels).join(' ') || service;
}

function makersOf(series: Named, all: readonly Named[]): string[] {
  const members = (['service', 'scope', 'kind'] as const).filter((name) =>
    all.some((each) => each[name] !== series[name]),
  );
  return members.map((name) => series[name] || `no ${name}`);
}
