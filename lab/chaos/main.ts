import { UsageError } from '../harness/whole-number.ts';
import { watchInterruption } from '../harness/interruption.ts';
import { findTool } from '../../stack/native/tools.ts';
import { catalogue } from './catalogue.ts';
import { detectionTable } from './detection.ts';
import { openEmbeddedEnvironment } from './embedded-environment.ts';
import type { Experiment } from './experiment.ts';
import { obstaclesOf, openGivenEnvironment } from './given-environment.ts';
import { type ChaosOptions, readOptions, usage } from './options.ts';
import { startPostgres } from './postgres.ts';
import { type Pace, runExperiment } from './run-experiment.ts';
import { broken, type ExperimentResult } from './experiment-run.ts';
import { describeRun, type Report } from './report/report.ts';
import { faultOfFolder } from '../report/report-folder.ts';
import { writeReport } from './report/write-report.ts';
import type { Environment } from './environment.ts';
import { leftBehind } from './left-behind.ts';
import { createDisplay, type Display } from './terminal.ts';
import { startNetwork } from './start-network.ts';

/** `npm run chaos`: runs experiments one by one. Each injects faults and verifies a hypothesis about their effect. */

const interrupted = watchInterruption(
  () => 'Faults of the experiment may still be set, and its processes may still be ending.',
);

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
  const expected = error instanceof UsageError;
  const text = expected ? error.message : error instanceof Error ? error.stack : String(error);
  const left = leftBehind(error);
  const rolledBack = left.length > 0 ? left.join('\n') : 'Every fault has been rolled back.';
  process.stderr.write(`${interrupted.signal.aborted ? `Interrupted. ${rolledBack}` : text}\n`);
}

async function main(options: ChaosOptions): Promise<void> {
  if (options.show === 'usage') process.stdout.write(usage);
  else if (options.show === 'list') process.stdout.write(listOf(catalogue));
  else if (options.show === 'table') process.stdout.write(`${detectionTable(catalogue)}\n`);
  else await run(options, choose(options.names));
}

function listOf(experiments: readonly Experiment[]): string {
  const width = Math.max(...experiments.map(({ name }) => name.length));
  return experiments.map(({ name, title }) => `${name.padEnd(width + 2)}${title}\n`).join('');
}

/** @throws {UsageError} if no experiment's name begins with one of these */
function choose(names: readonly string[]): Experiment[] {
  for (const name of names) {
    if (!catalogue.some((experiment) => experiment.name.startsWith(name)))
      throw new UsageError(`No experiment begins with "${name}". --list shows all.`);
  }
  return catalogue.filter(
    ({ name }) => names.length === 0 || names.some((wanted) => name.startsWith(wanted)),
  );
}

async function run(options: ChaosOptions, experiments: readonly Experiment[]): Promise<void> {
  const fault = options.out === undefined ? undefined : faultOfFolder(options.out);
  if (fault !== undefined) throw new UsageError(fault);
  const display = createDisplay(options.json ? process.stderr : process.stdout);
  const { seed, given, timeScale } = options;
  const obstacles = given === undefined ? [] : await obstaclesOf(given);
  if (obstacles.length > 0) throw new UsageError(obstacles.join('\n'));
  const prometheus = options.alerts && !given ? findTool('prometheus') : undefined;
  const started = describeRun(options);
  display.say(
    `${experiments.length} ${experiments.length === 1 ? 'experiment' : 'experiments'}, seed ${seed}, ${options.rate} orders a second; Ctrl-C rolls the faults back and ends`,
  );

  await using parts = new AsyncDisposableStack();
  const network = given ? undefined : parts.use(await startNetwork());
  const postgres = given ? undefined : parts.use(await startPostgres());
  const openEnvironment = async (experiment: Experiment): Promise<Environment> => {
    if (given) return openGivenEnvironment(given);
    if (!network || !postgres) throw new TypeError('The network and Postgres were not started.');
    return openEmbeddedEnvironment(experiment, {
      postgres,
      network,
      ...(prometheus !== undefined && { prometheus: { command: prometheus, scale: timeScale } }),
    });
  };

  const results: ExperimentResult[] = [];
  for (const experiment of experiments) {
    interrupted.signal.throwIfAborted();
    display.began(experiment);
    const result = await runOne(experiment, openEnvironment, { ...options, display }).catch(
      (error: unknown) => {
        if (interrupted.signal.aborted) throw error;
        return broken(experiment, error);
      },
    );
    display.ended(result);
    results.push(result);
  }

  const report: Report = {
    ...started,
    network: network?.implementation ?? 'not under our control',
    alerts:
      prometheus !== undefined
        ? { scale: timeScale }
        : given?.prometheusUrl !== undefined
          ? { scale: 1 }
          : { unchecked: options.alerts ? 'Prometheus is not installed' : 'switched off by --no-alerts' },
    seconds: Math.round((Date.now() - Date.parse(started.date)) / 1000),
    results,
  };
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  if (options.out !== undefined) {
    await writeReport(options.out, report, catalogue);
    display.say(`Written to ${options.out}.`);
  }
  const [failed = 0, held = 0] = (['failed', 'held'] as const).map(
    (wanted) => results.filter(({ verdict }) => verdict === wanted).length,
  );
  display.say(conclusion({ failed, held, all: results.length }));
  if (failed > 0) process.exitCode = 1;
}

function conclusion({ failed, held, all }: { failed: number; held: number; all: number }): string {
  if (failed > 0) return `${failed} of ${all} hypotheses failed.`;
  if (held === 0)
    return 'Every experiment was left out, which proves nothing. The reasons stand beside them.';
  return held === all
    ? 'Every hypothesis held.'
    : `${held} hypotheses held; ${all - held} experiments were left out.`;
}

async function runOne(
  experiment: Experiment,
  openEnvironment: (experiment: Experiment) => Promise<Environment>,
  { rate, seed, duration, display }: ChaosOptions & { display: Display },
): Promise<ExperimentResult> {
  await using environment = await openEnvironment(experiment);
  const pace: Pace = {
    rate,
    seed,
    signal: interrupted.signal,
    progress: display.progress,
    ...(duration !== undefined && { seconds: duration }),
  };
  // `await` keeps the environment up until the experiment has ended.
  return await runExperiment(experiment, environment, pace);
}
