/** One of the formats that scrapers read. */
export type MetricsFormat = 'openmetrics' | 'text';

/** @see https://prometheus.io/docs/instrumenting/content_negotiation/ */
export const contentTypes: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

/**
 * Translates an exposition from OpenMetrics to the older text format: the family of a counter ends in `_total` like its
 * samples, and there are no exemplars and no end mark.
 *
 * Why not prom-client, which writes both: the format is a setting of the registry, so that two scrapes at the same time
 * would mix them, and once it has written OpenMetrics it has lost the ending of its own counters' names.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function toTextFormat(openMetrics: string): string {
  const counters = new Set(
    [...openMetrics.matchAll(/^# TYPE (\S+) counter$/gm)].map(([, family = '']) => family),
  );
  return openMetrics
    .replace(/^# (HELP|TYPE) (\S+)/gm, (line, _keyword, family: string) =>
      counters.has(family) ? `${line}_total` : line,
    )
    .replace(exemplar, '')
    .replace(/# EOF\n$/, '');
}

/** Anchored at the end of the line, so that no label value looks like one: that ends in a quotation mark. */
const exemplar = / # \{trace_id="\w*"\} \S+ \S+$/gm;
