import type { Objective } from '../alert-types.ts';
import { type Expression, partsOf } from '../promql/expression.ts';
import { durationIn } from '../promql/parse.ts';
import type { Sample, Window } from '../promql/samples.ts';
import type { Rule } from './rules.ts';

/** Reads recorded series, here or in a Prometheus. */
export interface RecordedSeries {
  /** Their newest values. */
  now(metrics: readonly string[]): Promise<Sample[]>;
  /** Their values at these times. */
  over(metrics: readonly string[], times: readonly number[]): Promise<Window[]>;
}

/** The recorded series of prometheus/rules/slo.yml. The label `slo` has the name of the objective. */
const names = {
  target: 'slo:objective:ratio',
  left: 'job_slo:error_budget:remaining_ratio30d',
  events: 'job_slo:events:rate5m',
};
const burnRate = 'job_slo:error_budget:burn_rate';
/** Of the plots. */
const points = 180;
const shown = 3_600_000;
/** Windows that are drawn: of the others, an hour shows nothing. */
const drawnWindows = ['5m', '1h'];

/** The state of each objective. @param scale how many times shorter the rules' durations are */
export async function objectivesOf(
  rules: readonly Rule[],
  series: RecordedSeries,
  { time, scale }: { time: number; scale: number },
): Promise<Objective[]> {
  const recorded = rules.filter(({ kind }) => kind === 'recording');
  const objectives = [
    ...new Set(recorded.flatMap(({ name, labels }) => (name === names.target ? (labels['slo'] ?? []) : []))),
  ];
  if (objectives.length === 0) return [];
  const windows = [...new Set(recorded.flatMap(({ name }) => windowOf(name) ?? []))].toSorted(
    (a, b) => durationIn(a) - durationIn(b),
  );
  const step = shown / points / scale;
  const last = Math.floor(time / step) * step;
  const times = Array.from({ length: points }, (_each, index) => last - (points - 1 - index) * step);
  const [now, past] = await Promise.all([
    series.now([...Object.values(names), ...windows.map((each) => burnRate + each)]),
    series.over(
      drawnWindows.map((each) => burnRate + each),
      times,
    ),
  ]);
  const limits = rules.flatMap(limitsOf);
  return objectives.map((slo) => {
    const is = ({ labels }: { labels: Sample['labels'] }, metric: string) =>
      labels['__name__'] === metric && labels['slo'] === slo;
    const valueOf = (metric: string) => finite(now.find((each) => is(each, metric))?.value);
    return {
      name: slo,
      target: valueOf(names.target),
      left: valueOf(names.left),
      events: valueOf(names.events),
      burnRates: windows.map((window) => ({
        window,
        rate: valueOf(burnRate + window),
        limits: limits.filter(({ metric }) => metric === burnRate + window),
      })),
      times,
      columns: Object.fromEntries(
        drawnWindows.map((window) => {
          const found = past.find((each) => is(each, burnRate + window));
          const byTime = new Map(found?.times.map((at, index) => [at, found.values[index]]));
          return [window, times.map((at) => finite(byTime.get(at)))];
        }),
      ),
    };
  });
}

/** Of a burn rate. Another recorded series may have a name that begins with the same words. */
function windowOf(name: string): string | undefined {
  const window = name.startsWith(burnRate) ? name.slice(burnRate.length) : '';
  return /^\d+[smhdwy]$/.test(window) ? window : undefined;
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** The comparisons of an alert's condition with a number. */
function limitsOf({ kind, name, query }: Rule): Array<{ alert: string; rate: number; metric: string }> {
  if (kind !== 'alert' || 'unsupported' in query) return [];
  const walk = (expression: Expression): Array<{ alert: string; rate: number; metric: string }> => {
    if (expression.kind !== 'binary' || expression.operator !== '>') return partsOf(expression).flatMap(walk);
    const { left, right } = expression;
    if (left.kind !== 'selector' || right.kind !== 'number') return [];
    return [{ alert: name, rate: right.value, metric: left.metric }];
  };
  return walk(query);
}
