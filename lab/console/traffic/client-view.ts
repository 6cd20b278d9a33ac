import type { TrafficResult } from '../../traffic/traffic.ts';
import { createSecondBySecond, type SecondBySecond } from '../second-by-second.ts';

/** The clients' view: the number of answers by kind and their latency, second by second. */
export interface ClientView extends Pick<SecondBySecond, 'since'> {
  add(result: TrafficResult): void;
  outcomes(): Array<{ kind: string; outcome: string; count: number }>;
  close(): void;
}

export function createClientView(): ClientView {
  const seconds = createSecondBySecond();
  const counts = new Map<string, { kind: string; outcome: string; count: number }>();
  let results: TrafficResult[] = [];

  const timer = setInterval(() => {
    seconds.add(Math.round(Date.now() / 1000) * 1000, summarize(results));
    results = [];
  }, 1000);

  return {
    since: seconds.since,
    add(result) {
      results.push(result);
      const outcome = result.status === undefined ? (result.failure ?? 'no answer') : String(result.status);
      const name = `${result.kind} ${outcome}`;
      const known = counts.get(name) ?? { kind: result.kind, outcome, count: 0 };
      counts.set(name, { ...known, count: known.count + 1 });
    },
    outcomes: () => [...counts.values()],
    close: () => clearInterval(timer),
  };
}

function summarize(results: readonly TrafficResult[]): Record<string, number | null> {
  const durations = results.map(({ duration }) => duration / 1000).toSorted((a, b) => a - b);
  const at = (share: number) => durations[Math.ceil(durations.length * share) - 1] ?? null;
  const count = (isOne: (status: number) => boolean) =>
    results.filter(({ status }) => status !== undefined && isOne(status)).length;
  return {
    ok: count((status) => status < 400),
    client: count((status) => status >= 400 && status < 500 && status !== 429),
    shed: count((status) => status === 429),
    failed: count((status) => status >= 500),
    unanswered: results.filter(({ status }) => status === undefined).length,
    p50: at(0.5),
    p99: at(0.99),
  };
}
