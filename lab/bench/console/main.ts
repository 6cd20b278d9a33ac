import type { Targets } from '../../console/targets.ts';
import { describeMachine } from '../../report/machine.ts';
import { launchBrowser } from '../../../test/support/processes/browser.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { kinds } from './batches.ts';
import { type Build, noFigures, startBuilds } from './builds.ts';
import { measureIntake, whileSending } from './intake.ts';
import { startObservedService } from './observed-service.ts';
import { describe } from './report.ts';
import { measurePage } from './shown-page.ts';

/**
 * What it costs the console to receive telemetry, how much memory it has once its bound is reached, and how soon and how smoothly its
 * page shows what arrives.
 */

const usage = `npm run bench:console -- [options]

  --rounds <n>       measured rounds per build (default 7)
  --spans <n>        thousands of spans, and of log lines and points, per round (default 100)
  --before <folder>  checkout of an earlier build, with its dependencies installed, that is measured beside this one
  --out <folder>     also write console.md there, for example docs/benchmarks
  --help             show this help
`;

/** Orders a second while the page is measured. */
const orderRate = 1000;

async function run(
  { rounds, records, before }: { rounds: number; records: number; before: string | undefined },
  signal: AbortSignal,
): Promise<string> {
  const machine = describeMachine();
  await using service = await startObservedService(orderRate);
  say('warming up, until the memory has reached its bound');
  await warmUpSender(service.targets, records, signal);
  await using running = await startBuilds(before, service.targets);
  const { builds } = running;
  for (const build of builds) await warmUp(build, records, signal);
  await inRounds(builds, rounds, async (build) => {
    await measureIntake(build, records, signal);
    const figures = kinds.map(
      (kind) => `${build.costs[kind].at(-1)?.toFixed(1)} µs per ${kind.slice(0, -1)}`,
    );
    return `${figures.join(', ')}, ${build.memory.at(-1)?.toFixed(0)} MiB`;
  });

  await using browser = await launchBrowser();
  await inRounds(builds, rounds, async ({ process: { url, pageUrl = '' }, pages }) => {
    signal.throwIfAborted();
    const page = await whileSending(url, () => measurePage(browser, pageUrl));
    pages.push(page);
    const { firstView, frames, busy } = page;
    return `first view ${firstView.toFixed(0)} ms, ${frames.toFixed(0)} frames, main thread ${(100 * busy).toFixed(0)} %`;
  });
  return describe(builds, machine, { rounds, records });
}

/**
 * On a console that is not measured. The first one to hear from a sender whose code is not optimized yet would be slower than the
 * others for as long as it runs, by a tenth to a third.
 */
async function warmUpSender(targets: Targets, records: number, signal: AbortSignal): Promise<void> {
  await using thrownAway = await startBuilds(undefined, targets);
  for (const build of thrownAway.builds) await warmUp(build, records, signal);
}

const warmUp = (build: Build, records: number, signal: AbortSignal) =>
  measureIntake({ ...build, ...noFigures() }, 3 * records, signal);

/** Measures the builds in turn, each round in the other order. */
async function inRounds(
  builds: readonly Build[],
  rounds: number,
  measure: (build: Build) => Promise<string>,
): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    for (const build of round % 2 === 1 ? builds : builds.toReversed())
      say(`round ${round} of ${rounds}: ${build.name}: ${await measure(build)}`);
  }
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rounds: { type: 'string', default: '7' },
    spans: { type: 'string', default: '100' },
    before: { type: 'string' },
  });
  if (values === undefined) return;
  const records = 1000 * wholeNumber('--spans', values.spans, 1, 10_000);
  const rounds = wholeNumber('--rounds', values.rounds, 1, 1000);
  const markdown = await run({ rounds, records, before: values.before }, signal);
  say(`\n${markdown}`);
  if (values.out !== undefined) await writeReport(values.out, { 'console.md': markdown });
});
