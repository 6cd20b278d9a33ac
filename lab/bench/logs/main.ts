import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeMachine } from '../../report/machine.ts';
import { buildWithCargo } from '../shared/cargo.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { BenchFailure } from '../shared/failure.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { startProcess } from '../shared/processes.ts';
import { findCollector, runCollector } from './collector.ts';
import { measureCompression } from './compression.ts';
import { generateLog } from './generate.ts';
import { measureMemory } from './memory.ts';
import { onOneCore, type Outcome, runPrinting, startLogProcessor } from './programs.ts';
import { type LogsReport, names, plot, type Row, toMarkdown } from './report.ts';

/** Measures the log processor against a Rust program that sends nothing, and against the OpenTelemetry Collector. */

const usage = `npm run bench:logs -- [options]

  --rounds <n>     runs of every program (default 5)
  --lines <n>      lines of the file (default 1500000)
  --memory <n>     lines of the run that measures memory, at least (default 10000000)
  --out <folder>   also write logs.md, logs.json and logs.svg there, such as docs/benchmarks
  --help           show this
`;

/** The Collector is given fewer lines, because it needs a second for what the others do in a tenth. */
const collectorShare = 0.2;

async function measure(
  { rounds, lines, memoryLines }: { rounds: number; lines: number; memoryLines: number },
  signal: AbortSignal,
): Promise<LogsReport> {
  const machine = describeMachine();
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-bench-logs-'));
  started.defer(() => rm(folder, { recursive: true }));
  const rust = await buildWithCargo(path.join(import.meta.dirname, 'rust-logs'), signal);
  const collector = await findCollector();
  say('writing the log');
  const file = path.join(folder, 'all.log');
  const part = path.join(folder, 'part.log');
  await generateLog(file, lines);
  const partLines = Math.floor(lines * collectorShare);
  await generateLog(part, partLines);
  const sink = started.use(
    await startProcess({
      script: 'lab/bench/shared/otlp-sink.ts',
      env: {},
      logFile: path.join(folder, 'sink.log'),
    }),
  );
  let sinks = 0;
  const newSink = () => {
    sinks += 1;
    const name = `${sinks}`;
    const arrived = async () =>
      ((await (await fetch(sink.url)).json()) as Record<string, number>)[`${name}/v1/logs`] ?? 0;
    return { url: `${sink.url}/${name}`, arrived };
  };

  const toOtlp = (compression: string) => async (): Promise<Outcome> => {
    const { url, arrived } = newSink();
    const checkpoint = path.join(folder, `checkpoint-${sinks}.json`);
    const args = [file, '--once', '--to', url, '--checkpoint', checkpoint];
    const outcome = await startLogProcessor(args, { LOGS_COMPRESSION: compression }).outcome;
    const count = await arrived();
    if (count !== lines) throw new BenchFailure(`${count} of ${lines} lines arrived.`);
    return outcome;
  };
  const rows: Array<{ name: string; run: (() => Promise<Outcome>) | string }> = [
    {
      name: names.count,
      run: () =>
        startLogProcessor([file, '--once', '--count', '--checkpoint', path.join(folder, 'none.json')], {})
          .outcome,
    },
    {
      name: names.rust,
      run: rust === undefined ? 'no cargo on the PATH' : () => runPrinting([rust, file], signal),
    },
    {
      name: names.naive,
      run: () => runPrinting([process.execPath, path.join(import.meta.dirname, 'naive.ts'), file], signal),
    },
    { name: names.gzip, run: toOtlp('gzip') },
    { name: names.zstd, run: toOtlp('zstd') },
    {
      name: names.collector,
      run:
        collector === undefined
          ? 'no Collector on this machine'
          : () => {
              const { url, arrived } = newSink();
              return runCollector(
                collector,
                { file: part, folder, sinkUrl: url, lines: partLines, arrived },
                signal,
              );
            },
    },
  ];

  const measured = new Map<string, Outcome[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, run } of round % 2 === 1 ? rows : rows.toReversed()) {
      signal.throwIfAborted();
      if (typeof run === 'string') continue;
      const outcome = await run();
      measured.set(name, [...(measured.get(name) ?? []), outcome]);
      say(
        `round ${round} of ${rounds}: ${name.padEnd(36)} ${(outcome.lines / outcome.seconds / 1e6).toFixed(2)} M lines/s`,
      );
    }
  }
  const counted = measured.get(names.count)?.[0]?.errors;
  const parsed = measured.get(names.naive)?.[0]?.errors;
  if (counted !== parsed) throw new BenchFailure(`${counted} errors were counted, and ${parsed} are there.`);
  say('measuring memory');
  const compression = await measureCompression(file);
  const memory = await measureMemory(file, Math.ceil(memoryLines / lines), newSink().url);
  const { size } = await stat(file);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine,
    rounds,
    lines,
    lineLength: size / lines,
    isPinned: onOneCore.length > 0,
    rows: rows.map(
      ({ name, run }): Row => ({
        name,
        outcomes: typeof run === 'string' ? run : (measured.get(name) ?? []),
      }),
    ),
    memory,
    compression,
  };
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rounds: { type: 'string', default: '5' },
    lines: { type: 'string', default: '1500000' },
    memory: { type: 'string', default: '10000000' },
  });
  if (values === undefined) return;
  const rounds = wholeNumber('--rounds', values.rounds, 1, 100);
  const lines = wholeNumber('--lines', values.lines, 1, 10_000_000);
  const memoryLines = wholeNumber('--memory', values.memory, 1, 100_000_000);
  const report = await measure({ rounds, lines, memoryLines }, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (values.out !== undefined)
    await writeReport(values.out, { 'logs.md': markdown, 'logs.json': report, 'logs.svg': plot(report) });
});
