import { parseArgs } from 'node:util';
import { runCommand } from '../harness/command-line.ts';
import { wholeNumber } from '../harness/whole-number.ts';
import { watchInterruption } from '../harness/interruption.ts';
import { describeMachine } from '../report/machine.ts';
import { faultOfFile } from '../report/report-file.ts';
import { type FailoverReport, runFailovers, type Way } from './failovers.ts';
import { toSection, writeSection } from './page.ts';

const usage = `npm run test:failover -- [options]

  --rounds <n>      failovers (default 10)
  --rate <n>        orders a second (default 50)
  --pooler <mode>   through a PgBouncer in mode session or transaction, which leads to the new primary after each
                    promotion (default: DATABASE_URL names both servers)
  --beside          with --pooler: a PgBouncer beside each server, and DATABASE_URL names both
  --seed <n>        the same seed draws the same orders (default: a random one, printed)
  --out <file>      also write the section about this run there, for example into docs/database/failover.md
  --help            show this

Exits with 1 if an order was lost, a card was charged twice, a request got another answer than an order, 503 or 409, the
demoted server was read, or requests got 503 for more than 2 s after a promotion (4 s through a pooler).
`;

/**
 * Milliseconds from a promotion until orders are stored again, and none gets 503. PgBouncer tries a server again only once a
 * second, after which the service's own connections have to follow.
 */
const writesWithin = { direct: 2000, repointed: 4000, beside: 4000 };

/** The answers to orders and lists that a customer may see. */
const expected = new Set([
  '200',
  '201',
  '202',
  '402',
  '409 idempotency_in_progress',
  '503 database_unavailable',
]);

/** Seconds. An HA manager needs some to notice; a planned switchover needs none. */
const awayFor = [0, 1, 5];

await runCommand(async () => {
  const options = readOptions();
  if (options === undefined) process.stdout.write(usage);
  else await run(options);
});

async function run({
  way,
  rounds,
  rate,
  seed,
  out,
}: NonNullable<ReturnType<typeof readOptions>>): Promise<void> {
  const fault = out === undefined ? undefined : faultOfFile(out);
  if (fault !== undefined) throw new Error(fault);
  const interrupted = watchInterruption(() => 'There is no report.');
  const machine = describeMachine();
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  say(
    `seed ${seed}: ${rounds} failovers, ${rate} orders a second; Ctrl-C ends with a report of those so far`,
  );
  const report = await runFailovers(
    {},
    { way, rounds, rate, seed, calm: 1.5, awayFor, signal: interrupted.signal, progress: say },
  );
  if (report.rounds.length === 0)
    throw new Error('Ended before the first failover was over: there is no report.');
  const section = toSection(report, { way, machine, rate, seed });
  say(`\n${section}`);
  if (out !== undefined) await writeSection(out, section);
  if (!holds(report, way)) process.exitCode = 1;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      rate: { type: 'string', default: '50' },
      pooler: { type: 'string' },
      beside: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    way: wayOf(values),
    rounds: wholeNumber('--rounds', values.rounds, 1, 1000),
    rate: wholeNumber('--rate', values.rate, 1, 1000),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    out: values.out,
  };
}

function wayOf({ pooler: mode, beside }: { pooler?: string; beside: boolean }): Way {
  if (mode === undefined && !beside) return { kind: 'direct' };
  if (mode === undefined) throw new Error('--beside needs --pooler. Try --help.');
  if (mode !== 'session' && mode !== 'transaction') {
    throw new Error(`--pooler must be session or transaction, not "${mode}". Try --help.`);
  }
  return { kind: beside ? 'beside' : 'repointed', mode };
}

function holds({ findings, rounds }: FailoverReport, { kind }: Way): boolean {
  return (
    findings.length === 0 &&
    rounds.every(
      ({ answers, writesAfter, refusedUntil, readsFromDemoted }) =>
        Math.max(writesAfter, refusedUntil) <= writesWithin[kind] &&
        readsFromDemoted === 0 &&
        Object.keys(answers).every((answer) => expected.has(answer)),
    )
  );
}
