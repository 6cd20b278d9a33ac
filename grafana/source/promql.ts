/** PromQL for the panels. Grafana replaces `$instance` and `$__rate_interval`. */

/** A metric of the service, on the selected replicas. */
export function ofService(metric: string, matchers = ''): string {
  return `${metric}{job="orders",instance=~"$instance"${matchers && `,${matchers}`}}`;
}

/** The rate per second, over the shortest window that holds enough scrapes. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${ofService(metric, matchers)}[$__rate_interval])`;
}

/** A metric of HAProxy's backend for the service. */
export function rateAtProxy(metric: string): string {
  return `rate(${metric}{job="proxy",proxy="orders"}[$__rate_interval])`;
}

export function increase(metric: string, window: string, matchers = ''): string {
  return `increase(${ofService(metric, matchers)}[${window}])`;
}

export function sumBy(labels: string, expression: string): string {
  return `sum by (${labels}) (${expression})`;
}

/** @param by labels to group by; empty for one overall quantile */
export function quantile(share: number, histogram: string, matchers = '', by = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${share}, ${sumBy(labels, rate(`${histogram}_bucket`, matchers))})`;
}

/** Defaults a sum to 0, because some series are absent until their first event. */
export function orZero(expression: string): string {
  return `${expression} or vector(0)`;
}

/** The share that `part` has of `whole`, by labels. Where nothing of `part` has happened yet it has no series, and the share is 0. */
export function shareBy(labels: string, part: string, whole: string): string {
  return `(${sumBy(labels, part)} or 0 * ${sumBy(labels, whole)}) / ${sumBy(labels, whole)}`;
}

/** Defaults sums by label to a single series `none` at 0, so that the panel is not empty. */
export function orNone(expression: string, label: string): string {
  return `${expression} or on () label_replace(vector(0), "${label}", "none", "", "")`;
}

/** 0: closed. 1: half-open. 2: open. 3: replicas differ. */
export function breakerState(matchers = ''): string {
  const state = (name: string) =>
    `max by (breaker) (${ofService('circuit_breaker_state', [`state="${name}"`, matchers].filter(Boolean).join(','))})`;
  return `${state('half_open')} + 2 * ${state('open')}`;
}

/** The requests that place orders. */
export const placements = 'method="POST",route="/orders"';
