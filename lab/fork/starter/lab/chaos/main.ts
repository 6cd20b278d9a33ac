import { parseArgs } from 'node:util';
import { watchInterruption } from '../harness/interruption.ts';
import { table } from '../report/table.ts';
import { experiments } from './experiments.ts';
import { type Result, runExperiment } from './run-experiment.ts';
import { startWorld } from './world.ts';

const usage = `npm run chaos -- [options] [experiment …]

Injects a fault while callers create bookings, and checks a hypothesis about its effect. Then it audits the books: each accepted
idempotency key has one booking, and each confirmed booking one confirmation at the dependency.

  --rate <n>      bookings a second (default 20)
  --seconds <n>   how long a fault lasts (default 8)
  --list          show the experiments
  --help          show this

Experiments are chosen by the beginnings of their names; default: all.
`;

const interruption = watchInterruption(() => 'Its processes may still be ending.');
const say = (text: string) => process.stdout.write(`${text}\n`);

try {
  await main();
} catch (error) {
  const { aborted } = interruption.signal;
  process.exitCode = aborted ? 130 : 1;
  const isUsage =
    error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  const text = error instanceof Error ? (isUsage ? error.message : error.stack) : String(error);
  process.stderr.write(`${aborted ? 'Interrupted. Every process has been ended.' : text}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rate: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '8' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  if (values.list) {
    for (const { name, story } of experiments) say(`${name.padEnd(20)}${story}`);
    return;
  }
  const chosen = experiments.filter(
    ({ name }) => positionals.length === 0 || positionals.some((wanted) => name.startsWith(wanted)),
  );
  const unknown = positionals.find((wanted) => !experiments.some(({ name }) => name.startsWith(wanted)));
  if (unknown !== undefined) {
    process.stderr.write(`No experiment begins with "${unknown}". Try --list.\n`);
    process.exitCode = 1;
    return;
  }
  const [rate, seconds] = [Number(values.rate), Number(values.seconds)];
  const isWrong = chosen.length === 0 || !(rate > 0 && rate <= 500) || !(seconds > 0 && seconds <= 600);
  if (isWrong) {
    process.stderr.write(usage);
    process.exitCode = 1;
    return;
  }

  const results: Result[] = [];
  for (const experiment of chosen) {
    interruption.signal.throwIfAborted();
    say(`${experiment.name}: ${experiment.story}`);
    await using world = await startWorld(interruption.signal);
    const result = await runExperiment(experiment, world, { rate, seconds, signal: interruption.signal });
    for (const { what, holds, seen } of result.checks) say(`  ${holds ? '✓' : '✗'} ${what}: ${seen}`);
    results.push(result);
  }
  const rows = results.map(({ name, bookings, worst, checks }) => [
    name,
    checks.every(({ holds }) => holds) ? 'held' : 'failed',
    String(bookings),
    `${worst.toFixed(0)} ms`,
  ]);
  say(`\n${table([['experiment', 'hypothesis', 'bookings', 'slowest answer'], ...rows])}`);
  if (results.some(({ checks }) => checks.some(({ holds }) => !holds))) process.exitCode = 1;
}
