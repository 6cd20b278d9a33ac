import type { MetricNames } from '../../config/config.ts';
import { collectDefaultMetrics, type OpenMetricsContentType, Registry } from 'prom-client';
import { eventLoopDelays, observeEventLoop } from './event-loop-delay.ts';
import { observeClientRequests } from './client-requests.ts';
import { observePool, observeRuntime } from './convention-metrics.ts';
import { renderConventions } from './convention-view.ts';
import type { ConventionContext } from './conventions.ts';
import { createDependencyMetrics, type DependencyMetrics } from './dependency-metrics.ts';
import { familiesOf } from './exposition.ts';
import { gcDuration, observeGc } from './gc-duration.ts';
import { type GaugeSources, registerGauges } from './gauge-sources.ts';
import { createHttpMetrics, type HttpMetrics } from './http-metrics.ts';
import { createInstruments, type Drop, type Instruments } from './instruments.ts';
import { observeProcess } from './process-metrics.ts';
import { type MetricsFormat, toTextFormat } from './text-format.ts';
import { createTelemetryMetrics, type DroppedTelemetry, type TelemetryMetrics } from './telemetry-metrics.ts';

/** What every service counts and measures, under the names that dashboards and alerts read. */
export interface Metrics extends HttpMetrics, DependencyMetrics, TelemetryMetrics {
  /** Make the figures of the domain, which a scrape gets with all others. */
  instruments: Instruments;
  /** The exposition that a scrape gets. Only OpenMetrics has exemplars. */
  render(format: MetricsFormat): Promise<string>;
  /** Adds the gauges that read the state of the service's parts. Call it once, when these parts exist. */
  registerGauges(sources: GaugeSources): void;
}

export interface MetricsOptions {
  /** Whose names a scrape gets. Default `prometheus`: those of the service, in the style of Prometheus. */
  names?: MetricNames;
  /** What only the names of the conventions need: the databases and the pool. Default: only which products they are. */
  conventionContext?: ConventionContext;
  /** Milliseconds that an exemplar stays before a newer one may replace it. Default 0: the newest is shown. */
  exemplarInterval?: number;
  /** Called for the first value that a metric loses for a reason: `telemetry_dropped_total` does not say which it is. */
  onFirstDrop?: (drop: Drop) => void;
  /** Spans and log records lost so far, from the SDK. Default none. */
  droppedTelemetry?: () => DroppedTelemetry;
}

const unknownDatabases: ConventionContext = {
  databases: { postgres: { 'db.system.name': 'postgresql' }, redis: { 'db.system.name': 'redis' } },
  pool: { name: 'postgresql', max: 0 },
};

export function createMetrics({
  names = 'prometheus',
  conventionContext = unknownDatabases,
  exemplarInterval = 0,
  onFirstDrop = () => {},
  droppedTelemetry = () => ({}),
}: MetricsOptions = {}): Metrics {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register: registry });
  // Gauges with the name of a counter, which linters refuse. Each is the sum of another of prom-client's gauges.
  for (const kind of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  for (const name of [...eventLoopDelays, gcDuration]) registry.removeSingleMetric(name);

  /** By reason. The instruments cannot report to a counter, because the counter is one of them. */
  const notRecorded: Record<string, number> = {};
  const told = new Set<string>();
  const make = createInstruments(registry, {
    detailed: names !== 'prometheus',
    exemplarInterval,
    onDrop(drop) {
      const { metric, reason } = drop;
      notRecorded[reason] = (notRecorded[reason] ?? 0) + 1;
      if (told.has(`${metric} ${reason}`)) return;
      told.add(`${metric} ${reason}`);
      onFirstDrop(drop);
    },
  });
  observeProcess(make);
  observeEventLoop(make);
  observeGc(make);
  if (names !== 'prometheus') {
    observeRuntime(make);
    observeClientRequests(make);
  }

  return {
    instruments: make,
    async render(format) {
      const openMetrics =
        names === 'prometheus'
          ? await registry.metrics()
          : await renderConventions(await familiesOf(registry), names, conventionContext);
      return format === 'openmetrics' ? openMetrics : toTextFormat(openMetrics);
    },
    registerGauges(sources) {
      registerGauges(make, sources);
      if (names !== 'prometheus') observePool(make, sources.pool, conventionContext.pool);
    },
    ...createTelemetryMetrics(make, () => ({ ...droppedTelemetry(), metrics: notRecorded })),
    ...createHttpMetrics(make),
    ...createDependencyMetrics(make),
  };
}
