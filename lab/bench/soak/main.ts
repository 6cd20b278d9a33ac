import { describeMachine } from '../../report/machine.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { startSurroundings } from '../shared/surroundings.ts';
import { type Exporter, exporterNames, exportersOf } from './exporter.ts';
import { plotSoak } from './plot.ts';
import { type SoakReport, toMarkdown, describeRun } from './report.ts';
import { soak, type SoakRun } from './run.ts';

/** Whether memory stays flat under a steady load with all telemetry on, even if nothing receives the telemetry. */

const usage = `npm run bench:soak -- [options]

  --rate <n>          orders a second, in an open loop (default 100)
  --minutes <n>       length of each run (default 10)
  --exporter <names>  state of the telemetry receiver: ${exporterNames.join(', ')} (default all, in turn)
  --together          run all at the same time, each with its own service
  --out <folder>      also write soak.md, soak.json and soak.svg there, for example docs/benchmarks
  --help              show this help
`;

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    rate: { type: 'string', default: '100' },
    minutes: { type: 'string', default: '10' },
    exporter: { type: 'string', default: exporterNames.join(',') },
    together: { type: 'boolean', default: false },
  });
  if (values === undefined) return;
  const settings = {
    rate: wholeNumber('--rate', values.rate, 1, 10_000),
    minutes: wholeNumber('--minutes', values.minutes, 1, 10_000),
    together: values.together,
  };
  const report = await run(exportersOf(values.exporter), settings, signal);
  const markdown = toMarkdown(report);
  say(`\n${markdown}`);
  if (values.out !== undefined) {
    await writeReport(values.out, {
      'soak.md': markdown,
      'soak.json': report,
      'soak.svg': plotSoak(report),
    });
  }
});

async function run(
  chosen: readonly Exporter[],
  settings: SoakReport['settings'],
  signal: AbortSignal,
): Promise<SoakReport> {
  const machine = describeMachine();
  await using surroundings = await startSurroundings('soak');
  const start = (exporter: Exporter) => soak(exporter, settings, surroundings, signal);

  const runs: SoakRun[] = [];
  if (settings.together) runs.push(...(await Promise.all(chosen.map(start))));
  else for (const exporter of chosen) runs.push(await start(exporter));
  return {
    date: new Date().toISOString().slice(0, 10),
    machine,
    settings,
    runs: runs.map((soaked) => describeRun(soaked, settings)),
  };
}
