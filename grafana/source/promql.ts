/** PromQL as the panels need it. `$instance` and `$__rate_interval` are Grafana's to fill in. */

/** A metric of the service, on the replicas that the reader has chosen. */
export function ofService(metric: string, matchers = ''): string {
  return `${metric}{job="orders",instance=~"$instance"${matchers && `,${matchers}`}}`;
}

/** Per second. The window is the shortest one that holds enough scrapes. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${ofService(metric, matchers)}[$__rate_interval])`;
}

export function increase(metric: string, window: string, matchers = ''): string {
  return `increase(${ofService(metric, matchers)}[${window}])`;
}

export function sumBy(labels: string, expression: string): string {
  return `sum by (${labels}) (${expression})`;
}

/** @param by labels to tell the quantiles apart by; none for one of all */
export function quantile(share: number, histogram: string, matchers = '', by = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${share}, ${sumBy(labels, rate(`${histogram}_bucket`, matchers))})`;
}

/** For a sum over series that are not there before something happens the first time. */
export function orZero(expression: string): string {
  return `${expression} or vector(0)`;
}

/** The same for sums by label: one series at 0, called `none`, instead of an empty panel. */
export function orNone(expression: string, label: string): string {
  return `${expression} or on () label_replace(vector(0), "${label}", "none", "", "")`;
}

/** 0 closed, 1 half-open, 2 open; 3 where replicas differ. */
export function breakerState(matchers = ''): string {
  const state = (name: string) =>
    `max by (breaker) (${ofService('circuit_breaker_state', [`state="${name}"`, matchers].filter(Boolean).join(','))})`;
  return `${state('half_open')} + 2 * ${state('open')}`;
}

/** The requests that place orders. */
export const placements = 'method="POST",route="/orders"';
