import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StartupError } from '../src/errors.ts';
import { startServer } from './database.ts';
import { BenchFailure } from './failure.ts';
import { apiKey } from './load.ts';
import { toMarkdown } from './markdown.ts';
import { measureRound, type Round, type Setting, type Subject, warmUp } from './measure.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { startProcess } from './processes.ts';
import { createReport, describeMachine, type Report } from './report.ts';
import { measureStartUp } from './start-up.ts';

/** What POST /orders costs in the service, over a bare handler that does the same work and nothing more. */

const subjects = [
  { name: 'bare', database: 'bare', script: 'bench/bare-service.ts', logLevel: 'silent' },
  { name: 'service', database: 'service', script: 'src/main.ts', logLevel: 'info' },
  { name: 'service, no logs', database: 'silent', script: 'src/main.ts', logLevel: 'silent' },
];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(options: Options, signal: AbortSignal): Promise<Report> {
  const machine = describeMachine();
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-bench-'));
  parts.defer(() => rm(folder, { recursive: true }));

  say('npm start to first paid order');
  const startUp = await measureStartUp(path.join(folder, 'start-up'), signal);

  say('starting PostgreSQL, the simulator and the subjects');
  const server = parts.use(await startServer(path.join(folder, 'data')));
  const simulator = parts.use(
    await startProcess({
      script: 'src/simulator/main.ts',
      env: { SIMULATOR_PORT: '0', LOG_LEVEL: 'silent' },
      logFile: path.join(folder, 'simulator.log'),
    }),
  );
  const started: Subject[] = [];
  for (const { name, database: databaseName, script, logLevel } of subjects) {
    const database = parts.use(await server.createDatabase(databaseName));
    const subject = await startProcess({
      script,
      env: {
        NODE_ENV: 'production',
        PORT: '0',
        ADMIN_PORT: '0',
        DATABASE_URL: database.url,
        PAYMENT_GATEWAY_URL: simulator.url,
        API_KEYS: `bench:${apiKey}`,
        LOG_LEVEL: logLevel,
      },
      logFile: path.join(folder, `${databaseName}.log`),
    });
    started.push({ name, process: parts.use(subject), database });
  }

  const measured = await compare(started, options, { ...options, gatewayUrl: simulator.url, signal });
  return createReport(options, machine, startUp, measured);
}

/** All subjects in every round, the order turned round from one to the next: none always follows the same other. */
async function compare(
  started: readonly Subject[],
  { rounds }: Options,
  setting: Setting,
): Promise<Map<string, Round[]>> {
  const measured = new Map<string, Round[]>(started.map(({ name }) => [name, []]));
  say('warming up');
  for (const subject of started) await warmUp(subject, setting);
  for (let number = 1; number <= rounds; number++) {
    for (const subject of number % 2 === 1 ? started : started.toReversed()) {
      const round = await measureRound(subject, setting);
      measured.get(subject.name)?.push(round);
      const figures = `${round.requestsPerSecond.toFixed(0)} req/s, ${round.cpuPerRequest.toFixed(0)} µs`;
      say(`round ${number} of ${rounds}: ${subject.name.padEnd(16)} ${figures}`);
    }
  }
  return measured;
}

async function write(folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'orders.md'), toMarkdown(report));
  await writeFile(path.join(folder, 'orders.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  say(`Written to ${folder}.`);
}

// For as long as it runs: npm passes a Ctrl-C on that the terminal has already delivered.
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new BenchFailure('Interrupted; there is no report.')));
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(usage);
  } else {
    const report = await run(options, interrupted.signal);
    say(`\n${toMarkdown(report)}`);
    if (options.out !== undefined) await write(options.out, report);
  }
} catch (error) {
  const expected = error instanceof BenchFailure || error instanceof StartupError;
  process.stderr.write(
    `${expected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = 1;
}
