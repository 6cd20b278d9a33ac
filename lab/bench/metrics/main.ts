import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { baselines, serviceCalls } from './calls.ts';
import { promClientCalls } from './prom-client.ts';
import { type MetricsReport, toMarkdown } from './report.ts';
import { measureRecording } from './record.ts';
import { measureRendering, scrapedRegistries } from './render.ts';
import { describeMachine } from '../../report/machine.ts';

/** Measures the cost of recording a value in a metric, and of rendering a scrape. */

const usage = `npm run bench:metrics -- [options]

  --rounds <n>     rounds per record call (default 25)
  --renders <n>    renders per registry (default 200)
  --out <folder>   also write metrics.md and metrics.json there, such as docs/benchmarks
  --help           show this
`;

/** Renders before the measured ones, for V8 to optimize the code. */
const warmUps = 100;

async function run(rounds: number, renders: number, signal: AbortSignal): Promise<MetricsReport> {
  const machine = describeMachine();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine,
    settings: { rounds, renders },
    recording: await measureRecording(
      [...baselines(), ...serviceCalls(), ...promClientCalls()],
      rounds,
      signal,
    ),
    rendering: await measureRendering(scrapedRegistries(), { renders, warmUps }, signal),
  };
}

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rounds: { type: 'string', default: '25' },
    renders: { type: 'string', default: '200' },
  });
  if (values === undefined) return;
  const rounds = wholeNumber('--rounds', values.rounds, 1, 99_999);
  const report = await run(rounds, wholeNumber('--renders', values.renders, 1, 99_999), signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (values.out !== undefined)
    await writeReport(values.out, { 'metrics.md': markdown, 'metrics.json': report });
});
