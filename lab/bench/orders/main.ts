import path from 'node:path';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { compare, warmUpAll } from '../shared/compare.ts';
import { toMarkdown } from '../shared/markdown.ts';
import type { Subject } from '../shared/measure.ts';
import { type Options, readArguments, roundArguments, toOptions } from '../shared/options.ts';
import { startProcess } from '../shared/processes.ts';
import { describeComparison, type OrdersReport } from '../shared/report.ts';
import { describeMachine } from '../../report/machine.ts';
import { environmentOf } from '../shared/subjects.ts';
import { startSurroundings } from '../shared/surroundings.ts';
import { measureStartUp } from './start-up.ts';

/** The cost of POST /orders in the service, compared with a bare handler that does the same work and nothing else. */

const usage = `npm run bench:orders -- [options]

  --rounds <n>        rounds per subject (default 7)
  --seconds <n>       measured seconds per round (default 4)
  --connections <n>   connections, each with one request at a time (default 32)
  --out <folder>      also write orders.md and orders.json there, for example docs/benchmarks
  --help              show this help
`;

const subjects = [
  { name: 'bare', database: 'bare', script: 'lab/bench/orders/bare-service.ts', logLevel: 'silent' },
  { name: 'service', database: 'service', script: 'src/main.ts', logLevel: 'info' },
  { name: 'service, no logs', database: 'silent', script: 'src/main.ts', logLevel: 'silent' },
];

async function run(options: Options, signal: AbortSignal): Promise<OrdersReport> {
  const machine = describeMachine();
  say('npm start to first paid order');
  const startUp = await measureStartUp(signal);

  await using parts = new AsyncDisposableStack();
  const { folder, server, simulator } = parts.use(await startSurroundings('bench'));
  const started: Subject[] = [];
  for (const { name, database: databaseName, script, logLevel } of subjects) {
    const database = parts.use(await server.createDatabase(databaseName));
    const subject = await startProcess({
      script,
      env: {
        ...environmentOf(database, simulator),
        LOG_LEVEL: logLevel,
        // lab/bench/telemetry/main.ts measures the cost of traces.
        OTEL_SDK_DISABLED: 'true',
      },
      logFile: path.join(folder, `${databaseName}.log`),
    });
    started.push({ name, process: parts.use(subject), database });
  }

  const setting = { ...options, gatewayUrl: simulator.url, signal };
  await warmUpAll(started, setting);
  const measured = await compare(started, options.rounds, setting);
  return { ...describeComparison(options, machine, measured), startUp };
}

await runBenchmark(async (signal) => {
  const options = toOptions(readArguments(process.argv.slice(2), roundArguments));
  if (options.help) {
    process.stdout.write(usage);
    return;
  }
  const report = await run(options, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (options.out !== undefined)
    await writeReport(options.out, { 'orders.md': markdown, 'orders.json': report });
});
