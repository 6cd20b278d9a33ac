import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { compare, warmUpAll } from '../shared/compare.ts';
import { toMarkdown } from '../shared/markdown.ts';
import { type Subject, warmUpConnections } from '../shared/measure.ts';
import { type Options, readArguments, roundArguments, toOptions } from '../shared/options.ts';
import { startNativeProcess } from '../shared/native-process.ts';
import { type MeasuredProcess, root, startProcess } from '../shared/processes.ts';
import { describeComparison, type OrdersReport } from '../shared/report.ts';
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
  --seconds <n>       measured seconds per round (default 4)
  --connections <n>   connections, each with one request at a time (default 32)
  --before <folder>   checkout of an earlier build, with its dependencies installed, that is measured beside this one
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
  'no-rust': boolean;
  durable: boolean;
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
  const started: Subject[] = [];
  const measuredSubjects = [
    ...subjects,
    ...(more.before === undefined ? [] : [earlierBuild(more.before)]),
    ...(rust === undefined ? [] : [rustService(rust)]),
  ];
  for (const subjectOptions of measuredSubjects) {
    const database = parts.use(await server.createDatabase(subjectOptions.database));
    const subject = await startProgram(subjectOptions, {
      env: {
        ...environmentOf(database, simulator),
        LOG_LEVEL: subjectOptions.logLevel,
        // lab/bench/telemetry/main.ts measures the cost of traces.
        OTEL_SDK_DISABLED: 'true',
        // With a slow disk it would shed what others still wait for, and with few connections the warm-up, which has more.
        ...((more.durable || options.connections < warmUpConnections) && { ADMISSION: 'off' }),
        ...subjectOptions.env,
      },
      logFile: path.join(folder, `${subjectOptions.database}.log`),
    });
    started.push({ name: subjectOptions.name, process: parts.use(subject), database });
  }

  const setting = { ...options, gatewayUrl: simulator.url, signal };
  await warmUpAll(started, setting);
  const measured = await compare(started, options.rounds, setting);
  return {
    ...describeComparison(options, machine, measured),
    startUp,
    durable: more.durable,
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
    'no-rust': { type: 'boolean', default: false },
    durable: { type: 'boolean', default: false },
  });
  if (values === undefined) return;
  const options = toOptions(values);
  const name = `orders${values.durable ? '-durable' : ''}${options.connections === 32 ? '' : `-${options.connections}-connections`}`;
  const report = await run(options, values, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (options.out !== undefined)
    await writeReport(options.out, { [`${name}.md`]: markdown, [`${name}.json`]: report });
});
