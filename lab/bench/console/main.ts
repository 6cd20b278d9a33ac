import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import { loadConsoleConfig } from '../../console/config.ts';
import { heapOptions } from '../../console/heap-options.ts';
import { compileCache } from '../../harness/service-process.ts';
import { describeMachine, type Machine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { BenchFailure } from '../shared/failure.ts';
import { readArguments, wholeNumber } from '../shared/options.ts';
import { type BenchProcess, startProcess } from '../shared/processes.ts';
import { ratioForm, ratios, show, spreadOf } from '../shared/statistics.ts';
import { type Batch, lineBatch, pointBatch, spanBatch } from './batches.ts';

/** What it costs the console to receive telemetry, and how much memory it has once its bound is reached. */

const usage = `npm run bench:console -- [options]

  --rounds <n>       measured rounds per build (default 7)
  --spans <n>        thousands of spans, and of log lines and points, per round (default 100)
  --before <folder>  checkout of an earlier build, with its dependencies installed, that is measured beside this one
  --out <folder>     also write console.md there, for example docs/benchmarks
  --help             show this help
`;

/** Requests in flight: the console always has one to read. */
const inFlight = 2;
const mebibyte = 1_048_576;
const kinds = ['spans', 'lines', 'points'] as const;
type Kind = (typeof kinds)[number];

interface Build {
  name: string;
  process: BenchProcess;
  /** CPU in microseconds per record, by round. */
  costs: Record<Kind, number[]>;
  /** RSS in MiB after each round. */
  memory: number[];
}

async function send(url: string, batch: () => Batch, records: number, signal: AbortSignal): Promise<void> {
  let left = records;
  async function sendOneAfterAnother(): Promise<void> {
    const own = batch();
    while (left > 0) {
      signal.throwIfAborted();
      left -= own.records;
      const { statusCode, body } = await request(url + own.path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: own.next(),
      });
      const answer = await body.text();
      // A partial success would not be empty.
      if (statusCode !== 200 || answer !== '')
        throw new BenchFailure(`The console answered ${statusCode}: ${answer}`);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, sendOneAfterAnother));
}

/** The options that an earlier build starts with. */
async function optionsOf(folder: string): Promise<readonly string[]> {
  const file = path.resolve(folder, 'lab/console/heap-options.ts');
  const module = (await import(file)) as { heapOptions: readonly string[] };
  return module.heapOptions;
}

async function measureRound(
  { process: running, costs, memory }: Build,
  records: number,
  signal: AbortSignal,
) {
  const batches = { spans: spanBatch, lines: lineBatch, points: pointBatch };
  for (const kind of kinds) {
    const before = await running.cpuTime();
    await send(running.url, batches[kind], records, signal);
    costs[kind].push(((await running.cpuTime()) - before) / records);
  }
  memory.push((await running.memory()) / mebibyte);
}

async function run(
  { rounds, records, before }: { rounds: number; records: number; before: string | undefined },
  signal: AbortSignal,
): Promise<string> {
  const machine = describeMachine();
  const folder = await mkdtemp(path.join(tmpdir(), 'console-bench-'));
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const start = async (name: string, script: string, nodeOptions: readonly string[]): Promise<Build> => ({
    name,
    process: parts.use(
      await startProcess({
        script,
        env: { CONSOLE_PORT: '0', ...compileCache },
        nodeOptions: ['--disable-warning=ExperimentalWarning', ...nodeOptions],
        logFile: path.join(folder, `${name}.log`),
      }),
    ),
    costs: { spans: [], lines: [], points: [] },
    memory: [],
  });
  /** The first start fills the cache of compiled modules, as that of a user does. */
  const startTwice: typeof start = async (...build) => {
    await (await start(...build)).process[Symbol.asyncDispose]();
    return start(...build);
  };
  const script = 'lab/console/main.ts';
  const builds = [
    await startTwice('this build', script, heapOptions),
    ...(before === undefined
      ? []
      : [await startTwice('build before', path.resolve(before, script), await optionsOf(before))]),
  ];
  say('warming up, until the memory has reached its bound');
  for (const build of builds) {
    const warmUp = { ...build, costs: { spans: [], lines: [], points: [] }, memory: [] };
    await measureRound(warmUp, 3 * records, signal);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const build of round % 2 === 1 ? builds : builds.toReversed()) {
      await measureRound(build, records, signal);
      const figures = kinds.map(
        (kind) => `${build.costs[kind].at(-1)?.toFixed(1)} µs per ${kind.slice(0, -1)}`,
      );
      say(
        `round ${round} of ${rounds}: ${build.name}: ${figures.join(', ')}, ${build.memory.at(-1)?.toFixed(0)} MiB`,
      );
    }
  }
  return describe(builds, machine, { rounds, records });
}

function describe(
  builds: readonly Build[],
  machine: Machine,
  { rounds, records }: { rounds: number; records: number },
): string {
  const perSecond = (costs: readonly number[]) =>
    show(spreadOf(costs.map((cost) => 1e6 / cost)), { unit: '', digits: 0 });
  const rows = builds.map(({ name, costs, memory }) => [
    name,
    ...kinds.map((kind) => perSecond(costs[kind])),
    show(spreadOf(memory), { unit: ' MiB', digits: 0 }),
  ]);
  const [own, earlier] = builds;
  const ratio =
    own === undefined || earlier === undefined
      ? []
      : [
          [
            'ratio',
            ...kinds.map((kind) => show(ratios(earlier.costs[kind], own.costs[kind]), ratioForm)),
            show(ratios(own.memory, earlier.memory), ratioForm),
          ],
        ];
  return `# What the console costs

\`npm run bench:console\` on ${new Date().toISOString().slice(0, 10)}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${rounds} rounds with ${records.toLocaleString('en')} spans, log lines and points each, in
protobuf, after the memory had reached the default bound of ${loadConsoleConfig({}).memory / mebibyte} MiB.

${table([['', 'spans per second and core', 'log lines', 'points of metrics', 'memory (RSS)'], ...rows, ...ratio])}

Median (least – most). Per core: records per second of CPU time of the console, with HTTP, storing and indexing. A span is one
of the six of a paid order, in batches of 510. The ratio compares the builds round by round: how many times the earlier one's
throughput, and which share of its memory. A build that throws points of metrics away is fast at it.
`;
}

await runBenchmark(async (signal) => {
  const values = readArguments(process.argv.slice(2), {
    rounds: { type: 'string', default: '7' },
    spans: { type: 'string', default: '100' },
    before: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const records = 1000 * wholeNumber('--spans', values.spans, 10_000);
  const rounds = wholeNumber('--rounds', values.rounds, 1000);
  const markdown = await run({ rounds, records, before: values.before }, signal);
  say(`\n${markdown}`);
  if (values.out !== undefined) await writeReport(values.out, { 'console.md': markdown });
});
