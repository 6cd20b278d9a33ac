import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { conventionNamed } from './conventions.ts';
import type { Instruments } from './instruments.ts';

/** The name of prom-client's metric that {@link observeGc} replaces. */
export const gcDuration = 'nodejs_gc_duration_seconds';

const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/**
 * Every collection of garbage. Why not prom-client's: Node reports collections together, and it counts only the first of each
 * report, so that under load it misses most.
 */
export function observeGc(make: Instruments): void {
  const duration = make.histogram({
    name: gcDuration,
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labels: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    advised: conventionNamed('v8js.gc.duration').buckets,
  });
  new PerformanceObserver((list) => {
    for (const collection of list.getEntries() as Collection[])
      duration.child(kinds[collection.detail.kind] ?? 'other').observe(collection.duration / 1000);
  }).observe({ entryTypes: ['gc'] });
}

/** @see https://nodejs.org/api/perf_hooks.html#garbage-collection-gc-details */
type Collection = PerformanceEntry & { detail: { kind: number } };
