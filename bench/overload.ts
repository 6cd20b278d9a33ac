import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runBenchmark, say, writeReport } from './command.ts';
import { type BenchServer, startServer } from './database.ts';
import { Customers } from './load.ts';
import { readArguments, wholeNumber } from './options.ts';
import { LoadGenerator, measureBurst, type Outcome, recoveryOf } from './overload-measure.ts';
import { plotOverload } from './overload-plot.ts';
import { type OverloadReport, type Scene, scenes, toMarkdown } from './overload-report.ts';
import { type BenchProcess, startProcess } from './processes.ts';
import { describeMachine } from './report.ts';
import { environmentOf, startSimulator } from './subjects.ts';

/** What becomes of the service when more orders come than it can take, with and without admission control. */

const usage = `npm run bench:overload -- [options]

  --seconds <n>    length of each burst (default 8)
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
    seconds: { type: 'string', default: '8' },
    scene: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const chosen = scenes.filter(({ name }) => values.scene === undefined || values.scene === name);
  const report = await run(chosen, wholeNumber('--seconds', values.seconds, 600), signal);
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

async function run(chosen: readonly Scene[], seconds: number, signal: AbortSignal): Promise<OverloadReport> {
  const machine = describeMachine();
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-overload-'));
  parts.defer(() => rm(folder, { recursive: true }));
  say('starting PostgreSQL, the simulator and the load generator');
  const server = parts.use(await startServer(path.join(folder, 'data')));
  const simulator = parts.use(await startSimulator(folder));
  const generator = parts.use(new LoadGenerator());
  const subjects = createSubjects(server, simulator, folder);

  const measured: OverloadReport['scenes'] = [];
  for (const scene of chosen) {
    await setLatency(simulator, scene.gatewayLatency);
    const capacity = await measureCapacity(subjects, scene, signal);
    say(`${scene.name}: a capacity of ${capacity.toFixed(0)} orders a second`);
    const outcomes: OverloadReport['scenes'][number]['outcomes'] = { on: [], off: [] };
    for (const admission of ['on', 'off'] as const) {
      let normalP99 = Number.NaN;
      for (const multiple of multiples) {
        signal.throwIfAborted();
        // A service and a database of its own: what an overload leaves behind would be the next one's.
        await using subject = await subjects.start(scene, admission);
        const plan = { usual: usualShare * capacity, burst: multiple * capacity, multiple, seconds };
        const { afterBurst, ...outcome } = await measureBurst(generator, subject.process, plan, signal);
        if (multiple === 1) normalP99 = outcome.accepted.p99;
        outcomes[admission].push({ ...outcome, recovery: recoveryOf(afterBurst, normal * normalP99) });
        say(`  admission ${admission}, ${multiple}×: ${describe(outcome)}`);
      }
    }
    measured.push({ ...scene, capacity, outcomes });
  }
  return { date: new Date().toISOString().slice(0, 10), machine, seconds, scenes: measured };
}

function createSubjects(server: BenchServer, simulator: BenchProcess, folder: string) {
  let count = 0;
  return {
    async start(scene: Scene, admission: 'on' | 'off') {
      await using started = new AsyncDisposableStack();
      count += 1;
      const database = started.use(await server.createDatabase(`overload_${count}`));
      const subject = started.use(
        await startProcess({
          script: 'src/main.ts',
          env: {
            ...environmentOf(database, simulator),
            ...scene.env,
            ADMISSION: admission,
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

/** Orders a second over a few more connections than it takes, each with the next order as soon as one is answered. */
async function measureCapacity(
  subjects: ReturnType<typeof createSubjects>,
  scene: Scene,
  signal: AbortSignal,
): Promise<number> {
  await using subject = await subjects.start(scene, 'off');
  await using customers = new Customers(subject.process.url, scene.connections, signal);
  await customers.order(8);
  const { requests, seconds } = await customers.order(8);
  return requests / seconds;
}

function describe({ sent, goodput, accepted, shed, shedLatency }: Outcome): string {
  return `${sent.toFixed(0)} sent, ${goodput.toFixed(0)} paid (p99 ${accepted.p99.toFixed(0)} ms), ${shed.toFixed(0)} shed (p99 ${shedLatency.p99.toFixed(1)} ms)`;
}
