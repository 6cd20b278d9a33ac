import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compose, freePorts, removeAtTheEnd } from '../../harness/compose-project.ts';
import { describeMachine } from '../../report/machine.ts';
import { runBenchmark, say, writeReport } from '../shared/command.ts';
import { readArguments } from '../shared/options.ts';
import { wholeNumber } from '../../harness/whole-number.ts';
import { sleepAndWake } from './asleep.ts';
import { observe } from './observe.ts';
import { plotStack } from './plot.ts';
import { type StackReport, toMarkdown } from './report.ts';
import { startStack } from './start.ts';

/** What the stack of docker-compose.yml takes and shows, as a project of its own on free ports. */

const usage = `npm run bench:stack -- [options]

  --minutes <n>   how long it runs under the default traffic (default 60)
  --asleep <n>    then stops all its processes for this many minutes, and watches them wake up (needs root)
  --keep          leaves it running at the end
  --out <folder>  also write stack.md, stack.json and stack.svg there, for example docs/benchmarks
  --help          show this help

Needs Docker on this machine. Memory is read from the kernel's control groups, sizes of logs only as root.
`;

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    minutes: { type: 'string', default: '60' },
    asleep: { type: 'string' },
    keep: { type: 'boolean', default: false },
  });
  if (values === undefined) return;
  const minutes = wholeNumber('--minutes', values.minutes, 1, 10_000);
  const asleep = values.asleep === undefined ? undefined : wholeNumber('--asleep', values.asleep, 1, 600);
  const project = `observable-orders-bench-${process.pid}`;
  const ports = await freePorts();
  const url = (name: string) => `http://127.0.0.1:${ports[name]}`;
  const backends = { prometheusUrl: url('PROMETHEUS_PORT'), jaegerUrl: url('JAEGER_PORT') };
  say('building the images');
  await compose(project, ['build', '--quiet'], ports);
  const remove = values.keep ? async () => undefined : removeAtTheEnd(project);
  try {
    const machine = describeMachine();
    const start = await startStack(project, ports, backends, signal);
    say(
      `${project}: Prometheus ${backends.prometheusUrl}, Jaeger ${backends.jaegerUrl}, Grafana ${url('GRAFANA_PORT')}`,
    );
    const observation = await observe(project, backends, minutes, signal);
    const awake = asleep === undefined ? undefined : await sleepAndWake(project, backends, asleep, signal);
    const report: StackReport = {
      date: new Date().toISOString().slice(0, 10),
      machine,
      engine: await engineVersion(),
      start,
      observation,
      ...(awake && { awake }),
    };
    const markdown = toMarkdown(report);
    say(`\n${markdown}`);
    if (values.out !== undefined) {
      await writeReport(values.out, {
        'stack.md': markdown,
        'stack.json': report,
        'stack.svg': plotStack(report),
      });
    }
    if (values.keep)
      say(`Still running: docker compose --project-name ${project} down --volumes removes it.`);
  } finally {
    await remove();
  }
});

async function engineVersion(): Promise<string> {
  const [engine, composeVersion] = await Promise.all([
    promisify(execFile)('docker', ['version', '--format', '{{.Server.Version}}']),
    promisify(execFile)('docker', ['compose', 'version', '--short']),
  ]);
  return `Docker ${engine.stdout.trim()}, Compose ${composeVersion.stdout.trim().replace(/^v/, '')}`;
}
