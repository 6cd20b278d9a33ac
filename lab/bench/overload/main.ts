import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { type BenchServer, startServer } from '../shared/database.ts';
import { Customers } from '../shared/load.ts';
import { readArguments, wholeNumber } from '../shared/options.ts';
import { LoadGenerator, measureBurst, medianOf, type Outcome, recoveryOf } from './measure.ts';
import { plotOverload } from './plot.ts';
import { type MeasuredScene, type OverloadReport, type Scene, scenes, toMarkdown } from './report.ts';
import { type BenchProcess, startProcess } from '../shared/processes.ts';
import { describeMachine } from '../shared/report.ts';
import { environmentOf, startSimulator } from '../shared/subjects.ts';

/** What becomes of the service when more orders come than it can take, with and without admission control. */

const usage = `npm run bench:overload -- [options]

  --rounds <n>     of each burst (default 3)
  --seconds <n>    length of each burst (default 6)
  --scene <name>   gateway or processor alone (default both)
  --out <folder>   also write overload.md, overload.json and overload.svg there, such as docs/benchmarks
  --help           show this
`;

const multiples = [1, 2, 5, 10];
/** Of the capacity, before and after a burst. */
const usualShare = 0.8;
/** A p99 after the burst that is at most so many times that at the capacity is back to normal. */
const normal = 1.5;

await runBenchmark(async (signal) => {
  const values = readArguments(process.argv.slice(2), {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    scene: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const chosen = scenes.filter(({ name }) => values.scene === undefined || values.scene === name);
  const settings = {
    rounds: wholeNumber('--rounds', values.rounds, 100),
    seconds: wholeNumber('--seconds', values.seconds, 600),
  };
  const report = await run(chosen, settings, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (values.out !== undefined) {
    await writeReport(values.out, {
      'overload.md': markdown,
      'overload.json': report,
      'overload.svg': plotOverload(report),
    });
  }
});

async function run(
  chosen: readonly Scene[],
  settings: OverloadReport['settings'],
  signal: AbortSignal,
): Promise<OverloadReport> {
  const machine = describeMachine();
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-overload-'));
  parts.defer(() => rm(folder, { recursive: true }));
  say('starting PostgreSQL, the simulator and the load generator');
  const server = parts.use(await startServer(path.join(folder, 'data')));
  const simulator = parts.use(await startSimulator(folder));
  const stage: Stage = {
    generator: parts.use(new LoadGenerator()),
    subjects: createSubjects(server, simulator, folder),
    signal,
  };

  const refusal = await measureRefusal(stage, simulator);
  say(`a refusal costs ${refusal.toFixed(0)} µs`);
  const measured: MeasuredScene[] = [];
  for (const scene of chosen) {
    await setLatency(simulator, scene.gatewayLatency);
    const { capacity, cpuPerOrder } = await measureCapacity(stage, scene);
    say(
      `${scene.name}: a capacity of ${capacity.toFixed(0)} orders a second, ${cpuPerOrder.toFixed(0)} µs each`,
    );
    const rounds: MeasuredScene['rounds'] = { on: [], off: [] };
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const admission of ['on', 'off'] as const) {
        say(`round ${round} of ${settings.rounds}, admission ${admission}`);
        rounds[admission].push(await measureRound(stage, scene, { admission, capacity, ...settings }));
      }
    }
    const outcomes = { on: mediansOf(rounds.on), off: mediansOf(rounds.off) };
    measured.push({ ...scene, capacity, cpuPerOrder, outcomes, rounds });
  }
  return { date: new Date().toISOString().slice(0, 10), machine, settings, refusal, scenes: measured };
}

/** What all of it happens on. */
interface Stage {
  generator: LoadGenerator;
  subjects: ReturnType<typeof createSubjects>;
  signal: AbortSignal;
}

/** Each multiple once. */
async function measureRound(
  { generator, subjects, signal }: Stage,
  scene: Scene,
  { admission, capacity, seconds }: { admission: 'on' | 'off'; capacity: number; seconds: number },
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let normalP99 = Number.NaN;
  for (const multiple of multiples) {
    signal.throwIfAborted();
    // A service and a database of its own: what an overload leaves behind would be the next one's.
    await using subject = await subjects.start({ ...scene.env, ADMISSION: admission });
    const plan = { usual: usualShare * capacity, burst: multiple * capacity, multiple, seconds };
    const { afterBurst, ...outcome } = await measureBurst(generator, subject.process, plan, signal);
    if (multiple === 1) normalP99 = outcome.accepted.p99;
    outcomes.push({ ...outcome, recovery: recoveryOf(afterBurst, normal * normalP99) });
    say(`  ${multiple}×: ${describe(outcome)}`);
  }
  return outcomes;
}

function mediansOf(rounds: readonly Outcome[][]): Outcome[] {
  return multiples.map((_, index) => {
    const [first, ...others] = rounds.flatMap((round) => round[index] ?? []);
    if (first === undefined) throw new RangeError('There are no rounds.');
    return medianOf([first, ...others]);
  });
}

function createSubjects(server: BenchServer, simulator: BenchProcess, folder: string) {
  let count = 0;
  return {
    async start(env: Readonly<Record<string, string>>) {
      await using started = new AsyncDisposableStack();
      count += 1;
      const database = started.use(await server.createDatabase(`overload_${count}`));
      const subject = started.use(
        await startProcess({
          script: 'src/main.ts',
          env: {
            ...environmentOf(database, simulator),
            ...env,
            // As many as the generator opens.
            HTTP_MAX_CONNECTIONS: '10000',
            OTEL_SDK_DISABLED: 'true',
          },
          logFile: path.join(folder, `service_${count}.log`),
        }),
      );
      const owned = started.move();
      return { process: subject, [Symbol.asyncDispose]: () => owned.disposeAsync() };
    },
  };
}

async function setLatency({ url }: BenchProcess, latencyMs: number): Promise<void> {
  await fetch(`${url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ latencyMs }),
  });
}

/**
 * Orders a second over a few more connections than it takes, each with the next order as soon as one is answered, and
 * the processor time of the service that an order takes, in microseconds.
 */
async function measureCapacity({ subjects, signal }: Stage, scene: Scene) {
  await using subject = await subjects.start({ ...scene.env, ADMISSION: 'off' });
  await using customers = new Customers(subject.process.url, scene.connections, signal);
  await customers.order(8);
  const cpuBefore = await subject.process.cpuTime();
  const { requests, seconds } = await customers.order(8);
  const cpu = (await subject.process.cpuTime()) - cpuBefore;
  return { capacity: requests / seconds, cpuPerOrder: cpu / requests };
}

/** The same of a request that is refused, in microseconds: of a service that is busy with a single order. */
async function measureRefusal(
  { generator, subjects, signal }: Stage,
  simulator: BenchProcess,
): Promise<number> {
  await setLatency(simulator, 900);
  const nearlyNone = { ADMISSION_LIMIT_MIN: '1', ADMISSION_LIMIT_MAX: '1', ADMISSION_QUEUE: '0' };
  await using subject = await subjects.start(nearlyNone);
  const steps = [{ rate: 1000, seconds: 5 }];
  await generator.run({ url: subject.process.url, steps }, signal);
  const cpuBefore = await subject.process.cpuTime();
  const { statuses } = await generator.run({ url: subject.process.url, steps }, signal);
  return ((await subject.process.cpuTime()) - cpuBefore) / statuses.length;
}

function describe({ sent, goodput, accepted, shed, shedLatency }: Outcome): string {
  return `${sent.toFixed(0)} sent, ${goodput.toFixed(0)} paid (p99 ${accepted.p99.toFixed(0)} ms), ${shed.toFixed(0)} shed (p99 ${shedLatency.p99.toFixed(1)} ms)`;
}
