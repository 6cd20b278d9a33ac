import type { MetricSeries, MetricSummary } from '../api-types.ts';

/** The labels that tell a series from the others of its metric. */
export function labelOf({ service, labels }: MetricSeries, about: MetricSummary): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return [...(about.services.length > 1 || pairs.length === 0 ? [service] : []), ...pairs].join(' ');
}

/** The values of those labels that differ between the lines. */
export function shortLabelOf({ service, labels }: MetricSeries, all: readonly MetricSeries[]): string {
  const values = Object.entries(labels).filter(([name]) =>
    all.some((each) => each.labels[name] !== labels[name]),
  );
  return values.map(([, value]) => value).join(' ') || Object.values(labels).join(' ') || service;
}
