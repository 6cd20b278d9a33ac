import { parseArgs } from 'node:util';
import { runCommand } from '../../lab/harness/command-line.ts';
import { wholeNumber } from '../../lab/harness/whole-number.ts';
import { watchInterruption } from '../../lab/harness/interruption.ts';
import { formatReport, isProof, runCrashes } from './random-crashes.ts';
import { startWorld } from './world.ts';

const usage = `npm run test:crash -- [options]

  --rounds <n>     kills (default 30; 1000 for a night)
  --seed <n>       the same seed draws the same orders, faults and moments (default: a random one, printed)
  --target <what>  the process to kill: service or postgres (default service)
  --replicas <n>   instances of the service on one database (default 1)
  --pooler <mode>  a PgBouncer in front of Postgres, in mode session or transaction (default none)
  --clients <n>    concurrent clients (default 16)
  --help           show this
`;

await runCommand(async () => {
  const options = readOptions();
  if (options === undefined) process.stdout.write(usage);
  else await run(options);
});

async function run(options: NonNullable<ReturnType<typeof readOptions>>): Promise<void> {
  const { signal } = watchInterruption(() => 'There is no report.');
  const progress = (line: string) => void process.stdout.write(`${line}\n`);
  progress('starting Postgres, a gateway and the service; Ctrl-C ends with a report of the kills so far');
  await using world = await startWorld({ pooler: options.pooler });
  const report = await runCrashes(world, { ...options, signal, progress });
  process.stdout.write(`\n${formatReport(report)}\n`);
  if (report.findings.length > 0 || !isProof(report)) process.exitCode = 1;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '30' },
      seed: { type: 'string' },
      target: { type: 'string', default: 'service' },
      replicas: { type: 'string', default: '1' },
      pooler: { type: 'string' },
      clients: { type: 'string', default: '16' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  if (values.target !== 'service' && values.target !== 'postgres') {
    throw new Error(`--target must be service or postgres, not "${values.target}". Try --help.`);
  }
  const { pooler } = values;
  if (pooler !== undefined && pooler !== 'session' && pooler !== 'transaction') {
    throw new Error(`--pooler must be session or transaction, not "${pooler}". Try --help.`);
  }
  return {
    pooler,
    rounds: wholeNumber('--rounds', values.rounds, 1, 1_000_000),
    seed:
      values.seed === undefined
        ? Math.floor(Math.random() * 2 ** 32)
        : wholeNumber('--seed', values.seed, 0, 2 ** 32),
    target: values.target,
    replicas: wholeNumber('--replicas', values.replicas, 1, 10),
    clients: wholeNumber('--clients', values.clients, 1, 200),
  } as const;
}
