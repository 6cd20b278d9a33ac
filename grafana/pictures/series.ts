import type { Panel } from './dashboard-file.ts';

/** A line of a panel. */
export interface Series {
  name: string;
  labels: Record<string, string>;
  /** One value for each step of the range; undefined where there is none. */
  values: Array<number | undefined>;
}

/** In seconds, since 1970 where they are moments. */
export interface Range {
  from: number;
  to: number;
  step: number;
}

interface Answer {
  data: { result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }> };
}

/** Asks Prometheus for the series of a panel as Grafana does, with all replicas selected. */
export async function seriesOf(prometheusUrl: string, panel: Panel, range: Range): Promise<Series[]> {
  const lists = await Promise.all(
    (panel.targets ?? []).map(async ({ expr, legendFormat = '' }) => {
      const { data } = await ask(prometheusUrl, withVariables(expr, range), range);
      return data.result.map(({ metric, values }) => ({
        name: legendFormat.replaceAll(/\{\{ *(\w+) *\}\}/g, (_whole, label: string) => metric[label] ?? ''),
        labels: metric,
        values: onGrid(values, range),
      }));
    }),
  );
  return lists.flat();
}

async function ask(prometheusUrl: string, query: string, { from, to, step }: Range): Promise<Answer> {
  const body = new URLSearchParams({ query, start: String(from), end: String(to), step: String(step) });
  const response = await fetch(`${prometheusUrl}/api/v1/query_range`, { method: 'POST', body }).catch(
    (cause: unknown) => {
      throw new Error(
        `No Prometheus answers at ${prometheusUrl}. Start one with docker compose up or npm run stack:native, or name another with --prometheus.`,
        { cause },
      );
    },
  );
  if (!response.ok) throw new Error(`${response.status} for ${query}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** Grafana makes a rate's window four times the scrape interval, or larger if a step is. */
function withVariables(expr: string, { from, to, step }: Range): string {
  return expr
    .replaceAll('$__rate_interval', `${Math.max(20, step + 5)}s`)
    .replaceAll('$__range', `${to - from}s`)
    .replaceAll('$instance', '.+');
}

function onGrid(values: ReadonlyArray<[number, string]>, { from, to, step }: Range): Series['values'] {
  const at = new Map(values.map(([time, value]) => [Math.round((time - from) / step), Number(value)]));
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => {
    const value = at.get(index);
    return value === undefined || !Number.isFinite(value) ? undefined : value;
  });
}

/** The last value that there is, which a stat panel shows. */
export const lastOf = ({ values }: Series): number | undefined =>
  values.findLast((value) => value !== undefined);
