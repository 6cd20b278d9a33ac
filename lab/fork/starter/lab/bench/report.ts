import type { Machine } from '../report/machine.ts';
import { table } from '../report/table.ts';
import type { Round } from './measure.ts';
import { ratioForm, ratios, show, spreadOf } from './shared/statistics.ts';
import type { Subject } from './subjects.ts';

/** A table with the medians and the extremes of all rounds. */
export function reportOf(
  measured: ReadonlyMap<Subject, readonly Round[]>,
  setting: { machine: Machine; rounds: number; seconds: number; connections: number },
): string {
  const { machine, rounds, seconds, connections } = setting;
  const [first = []] = measured.values();
  const rows = [...measured].map(([{ name }, all]) => {
    const column = (figure: keyof Round, unit: string, digits: number) =>
      show(spreadOf(all.map((round) => round[figure])), { unit, digits });
    const cpu = (each: readonly Round[]) => each.map(({ cpuPerRequest }) => cpuPerRequest);
    return [
      name,
      column('requestsPerSecond', '', 0),
      column('cpuPerRequest', ' µs', 0),
      show(ratios(cpu(all), cpu(first)), ratioForm),
      column('p50', ' ms', 1),
      column('p99', ' ms', 1),
      show(spreadOf(all.map(({ shed }) => 100 * shed)), { unit: ' %', digits: 1 }),
    ];
  });
  const head = ['telemetry', 'requests/s', 'CPU per request', 'ratio', 'p50', 'p99', 'shed'];
  return `${table([head, ...rows])}

Median (minimum – maximum) of ${rounds} rounds of ${seconds} s over ${connections} connections. The load, PostgreSQL and the simulator
share ${machine.cores} × ${machine.processor} with the service; Node ${machine.node}, load before ${machine.loadBefore.toFixed(1)}.
Latencies count from the first try of a request; what is shed is repeated.
`;
}
