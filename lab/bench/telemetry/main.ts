import { mkdtemp, rm } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { compare, warmUpAll } from '../shared/compare.ts';
import { type BenchServer, startServer } from '../shared/database.ts';
import { BenchFailure } from '../shared/failure.ts';
import { measureRound, type Setting, type Subject } from '../shared/measure.ts';
import { type Options, readArguments, roundArguments, toOptions } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { type BenchProcess, startProcess } from '../shared/processes.ts';
import { compareProfiles } from './profile-shares.ts';
import { type Comparison, describeComparison } from '../shared/report.ts';
import { describeMachine } from '../../report/machine.ts';
import { environmentOf, startSimulator } from '../shared/subjects.ts';
import { type TelemetryReport, toMarkdown } from './report.ts';
import { chosenRows, goals, off, type Row, rowOf, telemetryEnvironment } from './rows.ts';

/** Measures the cost of telemetry per order: parts of it and all of it, against the same service without any. */

const usage = `npm run bench:telemetry -- [options]

  --rounds <n>        rounds per row (default 7)
  --seconds <n>       measured seconds per round (default 3)
  --connections <n>   connections, each with one request at a time (default 32)
  --rate <n>          orders a second of the steady load (default half of what "off" manages)
  --rows <names>      only these beside "off", such as "metrics,everything 10%"
  --out <folder>      also write telemetry.md and telemetry.json there, such as docs/benchmarks
  --profile <row>     measure one more round of that row, and write its CPU profile to the folder
  --help              show this
`;

interface TelemetryOptions extends Options {
  rate: number | undefined;
  rows: Row[];
  profile: Row | undefined;
}

function parseOptions(): TelemetryOptions | undefined {
  const values = readArguments(usage, {
    ...roundArguments,
    seconds: { type: 'string', default: '3' },
    rate: { type: 'string' },
    rows: { type: 'string' },
    profile: { type: 'string' },
  });
  if (values === undefined) return undefined;
  const rows = chosenRows(values.rows);
  const profile = values.profile === undefined ? undefined : rowOf(values.profile);
  if (profile && values.out === undefined) throw new BenchFailure('--profile needs an --out.');
  if (profile && !rows.includes(profile)) rows.push(profile);
  const rate = values.rate === undefined ? undefined : wholeNumber('--rate', values.rate, 1, 100_000);
  return { ...toOptions(values), rate, rows, profile };
}

type Profiles = Map<Row, Profiler.Profile | undefined>;

interface Parts {
  folder: string;
  server: BenchServer;
  simulator: BenchProcess;
  sink: BenchProcess;
}

async function run(
  options: TelemetryOptions,
  signal: AbortSignal,
): Promise<{ report: TelemetryReport; profile: Profiler.Profile | undefined }> {
  const machine = describeMachine();
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-telemetry-'));
  parts.defer(() => rm(folder, { recursive: true }));

  say('starting PostgreSQL, the simulator, the sink and the service in each configuration');
  const server = parts.use(await startServer(path.join(folder, 'data')));
  const simulator = parts.use(await startSimulator(folder));
  const sinkLog = path.join(folder, 'sink.log');
  const sink = parts.use(
    await startProcess({ script: 'lab/bench/shared/otlp-sink.ts', env: {}, logFile: sinkLog }),
  );
  const services = parts.use(new AsyncDisposableStack());
  const subjects: Subject<BenchProcess>[] = [];
  for (const row of options.rows) {
    const subject = await startService(row, { folder, server, simulator, sink });
    parts.use(subject.database);
    services.use(subject.process);
    subjects.push(subject);
  }

  const { rounds, seconds, connections } = options;
  const fullLoad = { rounds, seconds, connections, gatewayUrl: simulator.url, signal };
  await warmUpAll(subjects, fullLoad);
  say('full load');
  const atFullLoad = describeComparison(fullLoad, machine, await compare(subjects, rounds, fullLoad));
  const steadyLoad = { ...fullLoad, rate: options.rate ?? halfOf(atFullLoad) };
  say(`steady load: ${steadyLoad.rate} orders a second`);
  const comparison = describeComparison(steadyLoad, machine, await compare(subjects, rounds, steadyLoad));
  const explained = explainedRow(options.rows);
  const profiles: Profiles = new Map();
  for (const row of [options.profile ?? [], explained ? [off, explained] : []].flat()) {
    if (!profiles.has(row)) profiles.set(row, await profileOf(row, subjects, steadyLoad));
  }
  const profile = options.profile && profiles.get(options.profile);
  const whereItGoes = explained && explain(explained, comparison, profiles);

  // A service sends its queued spans when it ends.
  await services.disposeAsync();
  const spansPerOrder = await countSpans(options.rows, subjects, sink);
  return { report: { ...comparison, atFullLoad: atFullLoad.subjects, spansPerOrder, whereItGoes }, profile };
}

/** Half the orders a second that "off" manages, in round hundreds. */
function halfOf({ subjects }: Comparison): number {
  const managed = subjects[0]?.figures.requestsPerSecond.median ?? 0;
  return Math.max(1, Math.round(managed / 200)) * 100;
}

async function startService(
  row: Row,
  { folder, server, simulator, sink }: Parts,
): Promise<Subject<BenchProcess>> {
  const database = await server.createDatabase(row.id);
  const process = await startProcess({
    script: row.metrics ? 'src/main.ts' : 'lab/bench/telemetry/unmetered-service.ts',
    preload: 'src/telemetry/sdk.ts',
    env: { ...environmentOf(database, simulator), ...telemetryEnvironment(row, `${sink.url}/${row.id}`) },
    logFile: path.join(folder, `${row.id}.log`),
  });
  return { name: row.name, process, database };
}

/** The most expensive row with a goal, if it is among the rows. */
function explainedRow(rows: readonly Row[]): Row | undefined {
  return rows.find(({ name }) => name === goals.at(-1)?.row);
}

/** Where the row spends more CPU than `off`. */
function explain(row: Row, { subjects }: Comparison, profiles: Profiles): TelemetryReport['whereItGoes'] {
  const lookInto = (about: Row) => {
    const profile = profiles.get(about);
    const figures = subjects.find(({ name }) => name === about.name)?.figures;
    return profile && figures && { profile, cpuPerRequest: figures.cpuPerRequest.median };
  };
  const [before, after] = [lookInto(off), lookInto(row)];
  return before && after && { row: row.name, owners: compareProfiles(before, after) };
}

/** Measured in a separate round, because a profile costs CPU. */
async function profileOf(
  row: Row,
  subjects: readonly Subject<BenchProcess>[],
  setting: Setting,
): Promise<Profiler.Profile | undefined> {
  const subject = subjects.find(({ name }) => name === row.name);
  if (subject === undefined) return undefined;
  say(`profiling ${subject.name}`);
  return subject.process.profile(() => measureRound(subject, setting));
}

/**
 * Spans per order over the whole life of each service, by the name of its row.
 *
 * @throws {BenchFailure} if a service lost telemetry: it would be cheap for the wrong reason
 */
async function countSpans(
  rows: readonly Row[],
  subjects: readonly Subject<BenchProcess>[],
  sink: BenchProcess,
): Promise<Record<string, number>> {
  const { body } = await request(sink.url);
  const counts = (await body.json()) as Record<string, number>;
  const perOrder: Record<string, number> = {};
  for (const { id, name, spans, sendsLogs } of rows) {
    const { total = Number.NaN } =
      (await subjects.find((subject) => subject.name === name)?.database.orders()) ?? {};
    perOrder[name] = (counts[`${id}/v1/traces`] ?? 0) / total;
    if (spans && perOrder[name] === 0) throw new BenchFailure(`${name} sent no spans.`);
    const lines = counts[`${id}/v1/logs`] ?? 0;
    if (sendsLogs && lines < total) throw new BenchFailure(`${name} lost log records.`);
  }
  return perOrder;
}

await runBenchmark(async (signal) => {
  const options = parseOptions();
  if (options === undefined) return;
  const { report, profile } = await run(options, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (options.out === undefined) return;
  await writeReport(options.out, {
    'telemetry.md': markdown,
    'telemetry.json': report,
    ...(profile && { [`telemetry-${(options.profile ?? off).id}.cpuprofile`]: profile }),
  });
});
