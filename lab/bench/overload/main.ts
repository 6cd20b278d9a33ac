import { describeMachine } from '../../report/machine.ts';
import { findHaProxy } from '../../harness/haproxy.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { BenchFailure } from '../shared/failure.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { startSurroundings } from '../shared/surroundings.ts';
import { measureBareRefusal, measureCapacity, measureRefusal, refusalLatency } from './costs.ts';
import { LoadGenerator } from './load-generator.ts';
import { measureBurst, recoveryAfter } from './measure.ts';
import { medianOf, type Outcome } from './outcome.ts';
import { cores, pin } from './pinning.ts';
import { plotOverload } from './plot.ts';
import {
  type MeasuredScene,
  type OverloadReport,
  type Scene,
  scenes,
  toMarkdown,
  type Variant,
} from './report.ts';
import { setGatewayLatency, type StartSubject, subjectsIn } from './subjects.ts';

/** How the service behaves when more orders arrive than it can serve, with and without admission control. */

const usage = `npm run bench:overload -- [options]

  --rounds <n>     rounds of each burst (default 3)
  --seconds <n>    length of each burst (default 6)
  --scene <name>   only gateway, processor or proxy (default all; proxy needs haproxy)
  --out <folder>   also write overload.md, overload.json and overload.svg there, for example docs/benchmarks
  --help           show this help
`;

/** Share of the capacity, before and after a burst. */
const usualShare = 0.8;

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    scene: { type: 'string' },
  });
  if (values === undefined) return;
  const settings = {
    rounds: wholeNumber('--rounds', values.rounds, 1, 100),
    seconds: wholeNumber('--seconds', values.seconds, 1, 600),
  };
  const report = await run(chooseScenes(values.scene), settings, signal);
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

/** @throws {BenchFailure} if there is no scene of this name */
function chooseScenes(name: string | undefined): readonly Scene[] {
  const runnable = scenes.filter((scene) => scene.name !== 'proxy' || findHaProxy() !== undefined);
  const chosen = runnable.filter((scene) => name === undefined || scene.name === name);
  if (chosen.length === 0)
    throw new BenchFailure(`--scene takes ${scenes.map((each) => each.name).join(', ')}.`);
  return chosen;
}

async function run(
  chosen: readonly Scene[],
  settings: OverloadReport['settings'],
  signal: AbortSignal,
): Promise<OverloadReport> {
  const machine = describeMachine();
  await using surroundings = await startSurroundings('overload');
  using generator = new LoadGenerator();
  const startSubject = subjectsIn(surroundings);
  const { simulator } = surroundings;

  await setGatewayLatency(simulator, refusalLatency);
  const refusal = await measureRefusal(startSubject, generator, signal);
  const bareRefusal = await measureBareRefusal(surroundings.folder, generator, signal);
  say(`a refusal costs ${refusal.toFixed(0)} µs, by Node's HTTP server alone ${bareRefusal.toFixed(0)} µs`);

  const measured: MeasuredScene[] = [];
  for (const scene of chosen) {
    if (scene.pinned) {
      for (const { pid } of [surroundings.server, simulator]) await pin(pid, cores.serving);
      for (const { pid } of [generator, process]) await pin(pid, cores.loading);
    }
    await setGatewayLatency(simulator, scene.gatewayLatency);
    const rounds: MeasuredScene['rounds'] = { on: [], off: [] };
    for (let round = 1; round <= settings.rounds; round += 1) {
      for (const admission of ['on', 'off'] as const) {
        say(`${scene.name}, round ${round} of ${settings.rounds}, ${scene.variants[admission].title}`);
        const tools = { startSubject, generator, signal };
        rounds[admission].push(await measureRound(tools, scene, scene.variants[admission], settings.seconds));
      }
    }
    const outcomes = { on: mediansOf(scene, rounds.on), off: mediansOf(scene, rounds.off) };
    measured.push({ ...scene, outcomes, rounds });
  }
  const date = new Date().toISOString().slice(0, 10);
  return { date, machine, settings, refusal, bareRefusal, scenes: measured };
}

interface Tools {
  startSubject: StartSubject;
  generator: LoadGenerator;
  signal: AbortSignal;
}

/** Measures each multiple once. */
async function measureRound(
  { startSubject, generator, signal }: Tools,
  { env, multiples, pinned, connections }: Scene,
  variant: Variant,
  seconds: number,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let p99AtCapacity = Number.NaN;
  for (const multiple of multiples) {
    signal.throwIfAborted();
    await using subject = await startSubject(
      { ...env, ...variant.env },
      { pinned, proxied: variant.proxied },
    );
    const { capacity, cpuPerOrder } = await measureCapacity(subject, connections, signal);
    const plan = { usual: usualShare * capacity, burst: multiple * capacity, multiple, seconds };
    const burst = await measureBurst(generator, subject, plan, signal);
    if (multiple === 1) p99AtCapacity = burst.accepted.p99;
    const { afterBurst: _, ...figures } = burst;
    const outcome = {
      ...figures,
      capacity,
      cpuPerOrder,
      share: burst.goodput / capacity,
      recovery: recoveryAfter(burst, p99AtCapacity),
    };
    outcomes.push(outcome);
    say(`  ${multiple}×: ${describe(outcome)}`);
  }
  return outcomes;
}

function mediansOf({ multiples }: Scene, rounds: readonly Outcome[][]): Outcome[] {
  return multiples.map((_, index) => {
    const [first, ...others] = rounds.flatMap((round) => round[index] ?? []);
    if (first === undefined) throw new RangeError('There are no rounds.');
    return medianOf([first, ...others]);
  });
}

function describe({ capacity, sent, goodput, accepted, shed, shedLatency }: Outcome): string {
  return `of ${capacity.toFixed(0)}: ${sent.toFixed(0)} sent, ${goodput.toFixed(0)} paid (p99 ${accepted.p99.toFixed(0)} ms), ${shed.toFixed(0)} shed (p99 ${shedLatency.p99.toFixed(1)} ms)`;
}
