// oxlint-disable-next-line no-restricted-imports -- the instruments of the service are compared with it
import * as prom from 'prom-client';
import { createInstruments } from '../../../src/telemetry/metrics/instruments.ts';
import { observeProcess } from '../../../src/telemetry/metrics/process-metrics.ts';
import { say } from '../shared/command.ts';
import { buckets, labels } from './workload.ts';
import { quantile } from '../shared/statistics.ts';

/** A registry after traffic, ready for a scrape. */
export interface Scraped {
  name: string;
  registry: prom.Registry<prom.RegistryContentType>;
}

export interface RenderFigures {
  name: string;
  /** Lines other than comments. */
  series: number;
  kilobytes: number;
  /** Milliseconds until the text is complete. */
  time: { p50: number; max: number };
  /** Longest block of the event loop per render, in milliseconds. */
  block: { p50: number; max: number };
}

/** A histogram has 15 series: its buckets, the infinite one, sum and count. */
export function scrapedRegistries(): Scraped[] {
  return [
    { name: '300 series', registry: withOurs(20) },
    { name: '300 series, of prom-client', registry: withPromClients(20) },
    { name: '300 series + process, host and Node', registry: withOurs(20, addDefaults) },
    { name: 'process, host and Node alone', registry: withOurs(0, addDefaults) },
    { name: '300 histograms', registry: withOurs(300) },
    { name: '300 histograms, of prom-client', registry: withPromClients(300) },
  ];
}

function withOurs(
  histograms: number,
  add = (_registry: Scraped['registry']): void => {},
): Scraped['registry'] {
  const registry = openMetrics();
  if (histograms > 0) {
    const duration = createInstruments(registry).histogram({
      name: 'duration_seconds',
      help: 'Time.',
      labels,
      buckets,
    });
    for (const [index, value] of traffic(histograms)) {
      duration.child('POST', `/route-${index}`, '200').observe(value, '0af7651916cd43dd8448eb211c80319c');
    }
  }
  add(registry);
  return registry;
}

function withPromClients(histograms: number): Scraped['registry'] {
  const registry = openMetrics();
  const duration = new prom.Histogram<string>({
    name: 'duration_seconds',
    help: 'Time.',
    labelNames: labels,
    buckets,
    enableExemplars: true,
    registers: [registry],
  });
  for (const [index, value] of traffic(histograms)) {
    duration.observe({
      labels: { method: 'POST', route: `/route-${index}`, status_code: '200' },
      value,
      exemplarLabels: { trace_id: '0af7651916cd43dd8448eb211c80319c' },
    });
  }
  return registry;
}

function addDefaults(registry: Scraped['registry']): void {
  prom.collectDefaultMetrics({ register: registry as prom.Registry });
  observeProcess(createInstruments(registry));
}

function openMetrics(): prom.Registry<prom.OpenMetricsContentType> {
  const registry = new prom.Registry<prom.OpenMetricsContentType>();
  registry.setContentType(prom.Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

/** One value for each bucket of each histogram, so each has an exemplar. */
function traffic(histograms: number): Array<[histogram: number, value: number]> {
  return Array.from({ length: histograms }, (_, index) =>
    [...buckets, 10].map((bound): [number, number] => [index, bound - 0.001]),
  ).flat();
}

/** Renders all registries in every round, so a slow phase of the machine affects all alike. */
export async function measureRendering(
  scraped: readonly Scraped[],
  { renders, warmUps }: { renders: number; warmUps: number },
  signal: AbortSignal,
): Promise<RenderFigures[]> {
  const subjects = scraped.map((subject) => ({ ...subject, times: [] as number[], blocks: [] as number[] }));
  say(`rendering every registry ${warmUps + renders} times`);
  for (let round = 0; round < warmUps + renders; round += 1) {
    signal.throwIfAborted();
    for (const { registry, times, blocks } of subjects) {
      const { time, block } = await watch(() => registry.metrics());
      if (round < warmUps) continue;
      times.push(time);
      blocks.push(block);
    }
  }
  return Promise.all(
    subjects.map(async ({ name, registry, times, blocks }) => {
      const text = await registry.metrics();
      return {
        name,
        series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
        kilobytes: text.length / 1000,
        time: summary(times),
        block: summary(blocks),
      };
    }),
  );
}

/** The duration of a run, and the longest time between two turns of the event loop during it. */
async function watch(run: () => Promise<unknown>): Promise<{ time: number; block: number }> {
  const running = { done: false };
  const start = performance.now();
  let last = start;
  let block = 0;
  const turns = new Promise<void>((resolve) => {
    const turn = () => {
      const now = performance.now();
      block = Math.max(block, now - last);
      last = now;
      if (running.done) resolve();
      else setImmediate(turn);
    };
    setImmediate(turn);
  });
  await run();
  const time = performance.now() - start;
  running.done = true;
  await turns;
  return { time, block };
}

function summary(values: readonly number[]): { p50: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), max: quantile(sorted, 1) };
}
