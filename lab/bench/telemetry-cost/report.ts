import type { Machine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import type { Block } from './prometheus.ts';
import type { Size } from './size.ts';

/** What one setting emitted. Everything is per order, whether sampled or not. */
export interface RunCost {
  name: string;
  orders: number;
  spans: number;
  traces: Size;
  /** The log as lines on stdout. */
  lines: Size;
  /** The same log as records over OTLP. */
  records: Size;
}

export interface MetricsCost {
  /** Series of a replica that has served nothing. */
  atStart: number;
  /** Series after every route was called, with success and with a client's mistakes. */
  inUse: number;
  /** `undefined` without Prometheus. */
  block: Block | undefined;
}

export interface CostReport {
  date: string;
  machine: Machine;
  options: { rate: number; seconds: number; scrapes: number };
  runs: readonly RunCost[];
  metrics: MetricsCost;
}

const day = 24 * 60 * 60;
const month = 30 * day;
const rates = [10, 100, 1000] as const;
/** Seconds. */
const scrapeIntervals = [5, 15, 60] as const;
/** Prometheus writes a block every two hours. */
const blocksPerDay = 12;

export function toMarkdown({ date, machine, options, runs, metrics }: CostReport): string {
  return `# What telemetry costs to keep

\`npm run bench:telemetry-cost -- --out docs\` wrote this page on ${date}: ${machine.platform}, Node ${machine.node}. What telemetry costs
to make is in [benchmarks/telemetry.md](benchmarks/telemetry.md).

## Choose

Bytes to keep, compressed with zstd. A month has 30 days; multiply by your retention.

${table(choices(runs))}

A share is that of \`OTEL_TRACES_SAMPLER_ARG\` with \`OTEL_TRACES_SAMPLER=parentbased_traceidratio\`, or the share that a Collector
keeps by tail sampling: the same is kept, but with tail sampling every span is sent to the Collector first. The Collector of
this repository keeps 10 %, and besides every trace that is slow, has an error or is pointed at by an exemplar, so in an outage
it keeps nearly all. Plan for the row of 100 % if an outage must not fill the disk. The rows of ${shares.slice(1).map(percent).join(' and ')} are that of
100 % times the share. The log does not depend on sampling. Metrics depend on the number of replicas and not on orders:

${metricsChoices(metrics)}

## Bytes per order

A paid order, with 1 to 5 items, at ${options.rate} orders a second for ${options.seconds} s per row. The orders differ from each other. Bytes are those of
all orders, sampled or not, divided by their number.

${table(perOrder(runs))}

- Traces are the export requests of OTLP (Protobuf) from the service alone: the payment gateway and others in the same trace
  send their own. The network carries the first column, or about that of gzip with \`OTEL_EXPORTER_OTLP_COMPRESSION=gzip\`.
${checkOfShare(runs)}- The log is at level \`info\`: one \`http.request\` per order. An order that is retried, shed or left pending has more lines, and more
  spans. With \`OTEL_EXPORTER_OTLP_ENDPOINT\` the log goes over OTLP besides stdout, so a platform that collects both keeps it twice.
- Compressed sizes are those of blocks of 1 MiB at the default level of zlib and zstd, as an estimate of what stores like Loki and
  Tempo keep. Their indexes come on top. No trace store was measured: the Jaeger of this repository keeps traces in memory, and
  its databases differ. A store that does not compress keeps about the first column, and each replica of a store as much again.

## Metrics

${metricsPart(metrics, options)}

## To keep less

| what | how |
|---|---|
| fewer traces | \`OTEL_TRACES_SAMPLER=parentbased_traceidratio\`, \`OTEL_TRACES_SAMPLER_ARG=0.01\`; or tail sampling, which keeps the interesting ones |
| fewer log lines | \`LOG_LEVEL=warn\` leaves out the line per request; \`LOG_LEVEL=info,http=warn\` only that |
| no line kept twice | \`OTEL_LOGS_EXPORTER=none\` where the platform collects stdout |
| fewer samples | \`scrape_interval\` of Prometheus; the rules of this repository look back one minute, so at most 30 s with them, and better 15 s |
`;
}

const shares = [1, 0.1, 0.01] as const;
const percent = (share: number): string => `${share * 100} %`;

function choices(runs: readonly RunCost[]): string[][] {
  const head = ['kept', ...rates.flatMap((rate) => [`${rate.toLocaleString('en')}/s, a day`, `a month`])];
  const row = (name: string, bytes: number): string[] => [
    name,
    ...rates.flatMap((rate) => [show(bytes * rate * day), show(bytes * rate * month)]),
  ];
  const whole = runs.filter(({ name }) => name.endsWith(', 100 %'));
  const traces = whole.flatMap(({ name, traces: { zstd } }) =>
    shares.map((share) => row(`traces, ${name.replace('100 %', percent(share))}`, zstd * share)),
  );
  const [first] = runs;
  if (first === undefined) return [head, ...traces];
  return [head, ...traces, row('log, compressed', first.lines.zstd), row('log, plain', first.lines.plain)];
}

function perOrder(runs: readonly RunCost[]): string[][] {
  const row = (name: string, number: string, { plain, gzip, zstd }: Size): string[] => [
    name,
    number,
    ...[plain, gzip, zstd].map((bytes) => bytes.toFixed(0)),
  ];
  const [first] = runs;
  return [
    ['', 'number', 'bytes', 'gzip', 'zstd'],
    ...runs.map(({ name, spans, traces }) => row(`spans, ${name}`, spans.toFixed(2), traces)),
    ...(first === undefined
      ? []
      : [row('log, lines on stdout', '1', first.lines), row('log, records over OTLP', '1', first.records)]),
  ];
}

/** How far the measured share is from the computed one. */
function checkOfShare(runs: readonly RunCost[]): string {
  const [all, part] = [1, 0.1].map((share) => runs.find(({ name }) => name === `lean, ${percent(share)}`));
  if (all === undefined || part === undefined) return '';
  const ratio = ((part.traces.zstd / all.traces.zstd) * 100).toFixed(0);
  const spans = ((part.spans / all.spans) * 100).toFixed(1);
  return `- At 10 %, ${spans} % of the spans of 100 % came, and ${ratio} % of their compressed bytes: chance decides
  which traces are sampled.\n`;
}

/** Bytes of one replica in Prometheus for that long. */
function kept({ series, samples, chunks, index }: Block, interval: number, seconds: number): number {
  const ofSamples = (series * seconds * (chunks / samples)) / interval;
  return ofSamples + index * blocksPerDay * (seconds / day);
}

function metricsChoices({ block }: MetricsCost): string {
  if (block === undefined) return 'They were not measured, because `prometheus` was not on the PATH.';
  return table([
    ['metrics of one replica', 'a day', 'a month'],
    ...scrapeIntervals.map((interval) => [
      `scraped every ${interval} s`,
      show(kept(block, interval, day)),
      show(kept(block, interval, month)),
    ]),
  ]);
}

function metricsPart(
  { atStart, inUse, block }: MetricsCost,
  { rate, scrapes }: CostReport['options'],
): string {
  const series = `A replica exposes ${atStart} series at its start and ${inUse} once every route was called, with success and with the mistakes of
clients. Series of faults (outcomes of dependencies, refused requests) appear when one happens.`;
  if (block === undefined) return series;
  const perSample = block.chunks / block.samples;
  return `${series} Prometheus adds five about
the scrape.

A real Prometheus scraped the service ${scrapes} times under ${rate} orders a second and wrote a block: ${perSample.toFixed(2)} bytes per sample, and
${(block.index / block.series).toFixed(0)} bytes per series for its index. The figures above count a block every two hours; Prometheus merges them later, so
they are upper bounds. The write-ahead log of the last two to three hours comes on top, and so do the series that recording
rules add, once for all replicas, and those of other targets: Postgres, the Collector, its span metrics.`;
}

function show(bytes: number): string {
  const [size, unit] = (
    [
      [1e12, 'TB'],
      [1e9, 'GB'],
      [1e6, 'MB'],
    ] as const
  ).find(([each]) => bytes >= each) ?? [1e3, 'kB'];
  const value = bytes / size;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
