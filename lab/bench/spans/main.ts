import { execFile } from 'node:child_process';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { BenchFailure } from '../shared/failure.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { startProcess } from '../shared/processes.ts';
import { describeMachine } from '../../report/machine.ts';
import { show, spreadOf } from '../shared/statistics.ts';
import { table } from '../../report/table.ts';
import { sdkSpans, sdkSpansAndExport } from '../telemetry/rows.ts';
import { runLoop, spansExported } from './loop.ts';

/**
 * Measures what the spans of one order cost, without the service around them: ours, and those of the OpenTelemetry SDK.
 * The telemetry benchmark measures the same as part of a request, where the noise of a machine is larger than the
 * difference.
 */

const usage = `npm run bench:spans -- [options]

  --rounds <n>     processes per row, each with three measured rounds (default 5)
  --out <folder>   also write spans.md there, such as docs/benchmarks
  --help           show this
`;

interface Row {
  name: string;
  env: Readonly<Record<string, string>>;
  plainContext?: true;
}

const rows: readonly Row[] = [
  { name: 'no trace sampled', env: { OTEL_TRACES_SAMPLER: 'always_off' } },
  { name: 'ours', env: {} },
  { name: "ours, in the API's context", env: {}, plainContext: true },
  { name: 'SDK spans, our export', env: sdkSpans },
  { name: 'SDK spans and export', env: sdkSpansAndExport },
];

const run = promisify(execFile);
/** Measured rounds per process. */
const roundsPerProcess = 3;

/** Runs one row in a new process, because V8 optimizes for the first kind of span that it sees. */
async function measure({ env, plainContext }: Row, sinkUrl: string): Promise<number[]> {
  const args = [import.meta.filename, plainContext ? '--plain-context' : '--loop'];
  const { stdout } = await run(process.execPath, args, {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl,
      OTEL_LOGS_EXPORTER: 'none',
      // Holds every span of a round.
      OTEL_BSP_MAX_QUEUE_SIZE: '200000',
      ...env,
    },
  });
  return JSON.parse(stdout) as number[];
}

async function compare(rounds: number, signal: AbortSignal): Promise<string> {
  const machine = describeMachine();
  await using folder = await mkdtempDisposable(path.join(tmpdir(), 'orders-spans-'));
  await using sink = await startProcess({
    script: 'lab/bench/shared/otlp-sink.ts',
    env: {},
    logFile: path.join(folder.path, 'sink.log'),
  });
  const measured = new Map<Row, number[]>(rows.map((row) => [row, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [row, values] of measured) {
      signal.throwIfAborted();
      values.push(...(await measure(row, `${sink.url}/${rows.indexOf(row)}`)));
      say(`round ${round} of ${rounds}: ${row.name}`);
    }
  }
  await checkExports(sink.url, rounds);
  const spreads = [...measured].map(([{ name }, values]) => ({ name, spread: spreadOf(values) }));
  const ours = spreads.find(({ name }) => name === 'ours')?.spread.median ?? Number.NaN;
  const difference = (median: number): string =>
    `${median < ours ? '−' : '+'}${Math.abs(median - ours).toFixed(1)} µs`;
  return `# What the spans of an order cost

\`npm run bench:spans\` on ${new Date().toISOString().slice(0, 10)}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${rounds} processes per row, interleaved, with three rounds of 8000 orders each.

${table([
  ['', 'CPU per order', 'more than ours'],
  ...spreads.map(({ name, spread }) => [
    name,
    show(spread, { unit: ' µs', digits: 1 }),
    difference(spread.median),
  ]),
])}

Median (least – most) of the CPU time of the process, export included. An order has six spans, with the attributes that
the service sets on them; nothing else runs. SDK spans, our export: the SDK creates each span, the service encodes it when
it ends. SDK spans and export: the SDK also queues the spans and encodes a batch at a time.
`;
}

/** @throws {BenchFailure} if a row lost spans: it would be cheap for the wrong reason */
async function checkExports(sinkUrl: string, rounds: number): Promise<void> {
  const counts = (await (await fetch(sinkUrl)).json()) as Record<string, number>;
  for (const [index, { name }] of rows.entries()) {
    const exported = counts[`${index}/v1/traces`] ?? 0;
    const expected = index === 0 ? 0 : rounds * spansExported(roundsPerProcess);
    if (exported !== expected) throw new BenchFailure(`${name}: ${exported} of ${expected} spans arrived.`);
  }
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rounds: { type: 'string', default: '5' },
    loop: { type: 'boolean', default: false },
    'plain-context': { type: 'boolean', default: false },
  });
  if (values === undefined) return;
  if (values.loop || values['plain-context']) {
    const measured = await runLoop(roundsPerProcess, { plainContext: values['plain-context'] });
    process.stdout.write(JSON.stringify(measured));
  } else {
    const markdown = await compare(wholeNumber('--rounds', values.rounds, 1, 100), signal);
    say(`\n${markdown}`);
    if (values.out !== undefined) await writeReport(values.out, { 'spans.md': markdown });
  }
});
