import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { outsideRequests } from '../../async-context.ts';
import { type ConventionContext, conventionNamed, labelName, prometheusName } from './conventions.ts';
import type { GaugeSources } from './gauge-sources.ts';
import type { Instruments } from './instruments.ts';
import { mirror } from './mirror.ts';

/** Milliseconds between two looks at the event loop. */
const period = 5000;

/** What only the semantic conventions have a name for: the runtime, and the process. */
export function observeRuntime(make: Instruments): void {
  // The share since the last look but one, whoever scrapes and how often.
  let [older, newer] = [performance.eventLoopUtilization(), performance.eventLoopUtilization()];
  const look = () => {
    [older, newer] = [newer, performance.eventLoopUtilization()];
  };
  outsideRequests(() => setInterval(look, period).unref());
  make.gauge({
    ...definitionOf('nodejs.eventloop.utilization'),
    collect: (gauge) => gauge.child().set(performance.eventLoopUtilization(older).utilization),
  });
  const states = { active: mirror(), idle: mirror() };
  make.counter({
    ...definitionOf('nodejs.eventloop.time'),
    collect(counter) {
      const time = performance.eventLoopUtilization();
      for (const state of ['active', 'idle'] as const)
        states[state](counter.child(state), time[state] / 1000);
    },
  });
  make.gauge({
    ...definitionOf('v8js.memory.heap.space.physical_size'),
    collect(gauge) {
      for (const { space_name: space, physical_space_size: size } of getHeapSpaceStatistics())
        gauge.child(space).set(size);
    },
  });
  make.gauge({
    ...definitionOf('process.uptime'),
    collect: (gauge) => gauge.child().set(process.uptime()),
  });
}

/** The pool of connections to Postgres. */
export function observePool(
  make: Instruments,
  state: GaugeSources['pool'],
  { name, max }: ConventionContext['pool'],
): void {
  make.gauge({
    ...definitionOf('db.client.connection.count'),
    collect(gauge) {
      const { total, idle } = state();
      gauge.child(name, 'idle').set(idle);
      gauge.child(name, 'used').set(total - idle);
    },
  });
  make.gauge({
    ...definitionOf('db.client.connection.pending_requests'),
    collect: (gauge) => gauge.child(name).set(state().waiting),
  });
  make.gauge(definitionOf('db.client.connection.max')).child(name).set(max);
}

/** How a metric of the conventions is measured by itself: under its name in Prometheus, with its attributes as labels. */
export function definitionOf(convention: string): { name: string; help: string; labels: readonly string[] } {
  const found = conventionNamed(convention);
  return {
    name: prometheusName(found),
    help: found.help,
    labels: Object.keys(found.attributes).map(labelName),
  };
}
