import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { compare, warmUpAll } from '../shared/compare.ts';
import { toMarkdown } from '../shared/markdown.ts';
import { type Round, type Subject, warmUpConnections } from '../shared/measure.ts';
import { type Options, readArguments, roundArguments, toOptions } from '../shared/options.ts';
import { startNativeProcess } from '../shared/native-process.ts';
import { type MeasuredProcess, root, startProcess } from '../shared/processes.ts';
import { describeComparison, type OrdersReport } from '../shared/report.ts';
import { UsageError, wholeNumber } from '../../harness/whole-number.ts';
import { describeMachine } from '../../report/machine.ts';
import { environmentOf } from '../shared/subjects.ts';
import { startSurroundings } from '../shared/surroundings.ts';
import { buildRustService } from './build-rust.ts';
import { measureStartUp } from './start-up.ts';

/**
 * The cost of POST /orders in the service, compared with a bare handler that does the same work and nothing else, and with
 * a small service in Rust.
 */

const usage = `npm run bench:orders -- [options]

  --rounds <n>        rounds per subject (default 7)
  --processes <n>     processes of each subject, one after the other, that share the rounds (default 1): two processes of
                      one build differ by up to 5 % for as long as they live
  --seconds <n>       measured seconds per round (default 4)
  --connections <n>   connections, each with one request at a time (default 32)
  --before <folder>   checkout of an earlier build, with its dependencies installed, that is measured beside this one
  --no-variants       leave out the service without log lines and the one without batches
  --no-rust           leave out the Rust service, which is measured if cargo is on the PATH
  --durable           commits wait for the disk (fsync and synchronous_commit are on)
  --out <folder>      also write orders.md and orders.json there, for example docs/benchmarks;
                      the names say --durable and another number of connections
  --help              show this help
`;

type SubjectOptions = Program & {
  name: string;
  database: string;
  logLevel: string;
  env?: Readonly<Record<string, string>>;
};

/** A Node script, relative to the project or absolute; or the path of an executable. */
type Program = { script: string } | { binary: string };

const subjects: readonly SubjectOptions[] = [
  { name: 'bare', database: 'bare', script: 'lab/bench/orders/bare-service.ts', logLevel: 'silent' },
  { name: 'service', database: 'service', script: 'src/main.ts', logLevel: 'info' },
];

const variants: readonly SubjectOptions[] = [
  { name: 'service, no logs', database: 'silent', script: 'src/main.ts', logLevel: 'silent' },
  {
    name: 'service, no batches',
    database: 'separate',
    script: 'src/main.ts',
    logLevel: 'info',
    env: { DATABASE_BATCHING: 'off' },
  },
];

const earlierBuild = (folder: string): SubjectOptions => ({
  name: 'build before',
  database: 'before',
  script: path.resolve(folder, 'src/main.ts'),
  logLevel: 'info',
});

const rustService = (binary: string): SubjectOptions => ({
  name: 'rust',
  database: 'rust',
  binary,
  logLevel: 'info',
});

interface MoreOptions {
  before?: string | undefined;
  'no-variants': boolean;
  'no-rust': boolean;
  durable: boolean;
  processes: number;
}

async function run(options: Options, more: MoreOptions, signal: AbortSignal): Promise<OrdersReport> {
  const machine = describeMachine();
  const rust = more['no-rust'] ? undefined : await buildRustService(signal);
  say('npm start to first paid order');
  const startUp = await measureStartUp(signal);

  await using parts = new AsyncDisposableStack();
  const { folder, server, simulator } = parts.use(
    await startSurroundings('bench', { durable: more.durable }),
  );
  const measuredSubjects = [
    ...subjects,
    ...(more['no-variants'] ? [] : variants),
    ...(more.before === undefined ? [] : [earlierBuild(more.before)]),
    ...(rust === undefined ? [] : [rustService(rust)]),
  ];
  const setting = { ...options, gatewayUrl: simulator.url, signal };
  const environment = (own: SubjectOptions) => ({
    LOG_LEVEL: own.logLevel,
    // lab/bench/telemetry/main.ts measures the cost of traces.
    OTEL_SDK_DISABLED: 'true',
    // With a slow disk it would shed what others still wait for, and with few connections the warm-up, which has more.
    ...((more.durable || options.connections < warmUpConnections) && { ADMISSION: 'off' }),
    ...own.env,
  });

  /** One process of each subject, with a database of its own. */
  async function measureProcesses(generation: number, rounds: number): Promise<Map<string, Round[]>> {
    await using processes = new AsyncDisposableStack();
    const started: Subject[] = [];
    for (const own of measuredSubjects) {
      const name = `${own.database}_${generation}`;
      const database = processes.use(await server.createDatabase(name));
      const subject = await startProgram(own, {
        env: { ...environmentOf(database, simulator), ...environment(own) },
        logFile: path.join(folder, `${name}.log`),
      });
      started.push({ name: own.name, process: processes.use(subject), database });
    }
    await warmUpAll(started, setting);
    return await compare(started, rounds, setting);
  }

  const measured = new Map<string, Round[]>(measuredSubjects.map(({ name }) => [name, []]));
  for (let generation = 1; generation <= more.processes; generation += 1) {
    if (more.processes > 1) say(`processes ${generation} of ${more.processes}`);
    const rounds = await measureProcesses(generation, options.rounds / more.processes);
    for (const [name, own] of rounds) measured.get(name)?.push(...own);
  }
  return {
    ...describeComparison(options, machine, measured),
    startUp,
    durable: more.durable,
    processes: more.processes,
    commits: {
      measured: await commitOf(root),
      ...(more.before !== undefined && { before: await commitOf(more.before) }),
    },
  };
}

function startProgram(
  program: Program,
  setting: { env: Readonly<Record<string, string>>; logFile: string },
): Promise<MeasuredProcess> {
  return 'script' in program
    ? startProcess({ script: program.script, ...setting })
    : startNativeProcess({ binary: program.binary, ...setting });
}

async function commitOf(folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', folder, 'rev-parse', '--short', 'HEAD']);
  return stdout.trim();
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    ...roundArguments,
    before: { type: 'string' },
    'no-variants': { type: 'boolean', default: false },
    'no-rust': { type: 'boolean', default: false },
    durable: { type: 'boolean', default: false },
    processes: { type: 'string', default: '1' },
  });
  if (values === undefined) return;
  const options = toOptions(values);
  const processes = wholeNumber('--processes', values.processes, 1, 100);
  if (options.rounds % processes !== 0)
    throw new UsageError(`--rounds ${options.rounds} cannot be shared by ${processes} processes alike.`);
  const name = `orders${values.durable ? '-durable' : ''}${options.connections === 32 ? '' : `-${options.connections}-connections`}`;
  const report = await run(options, { ...values, processes }, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (options.out !== undefined)
    await writeReport(options.out, { [`${name}.md`]: markdown, [`${name}.json`]: report });
});
