import type { Machine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import type { Awake } from './asleep.ts';
import type { Observation, Observed } from './observe.ts';
import type { Milestone } from './start.ts';

export interface StackReport {
  date: string;
  machine: Machine;
  engine: string;
  start: { milestones: Milestone[]; emptyPanels: string[] };
  observation: Observation;
  awake?: Awake;
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

/** Markdown with aligned tables, which also reads well in a terminal. */
export function toMarkdown({ date, machine, engine, start, observation, awake }: StackReport): string {
  const { minutes, containers, traces, answers } = observation;
  const running = containers.filter(({ samples }) => samples.length > 0);
  const sum = (figure: (entry: Observed) => number) =>
    containers.reduce((total, entry) => total + figure(entry), 0);
  const killed = containers.filter(({ killedForMemory }) => killedForMemory).map(({ name }) => name);
  return `# The stack in containers

\`npm run bench:stack\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, ${engine}, load average
${machine.loadBefore.toFixed(2)} before the start.

## From the start to the first data

Seconds from \`docker compose up\`, with the images present and no data:

${table([['', 'seconds'], ...start.milestones.map(({ what, seconds }) => [what, seconds.toFixed(1)])])}

${start.emptyPanels.length === 0 ? 'No panel that reads Prometheus stayed empty.' : `Without data after three minutes: ${start.emptyPanels.join('; ')}.`}

## ${minutes} minutes under the default traffic

${sum(({ restarts }) => restarts)} restarts, ${killed.length === 0 ? 'no container killed for memory' : `killed for memory: ${killed.join(', ')}`}, ${sum(({ errors }) => errors)} lines at level error among ${sum(({ lines }) => lines).toLocaleString('en')}.
The proxy answered ${
    Object.entries(answers)
      .filter(([, count]) => count > 0)
      .map(([code, count]) => `${count.toLocaleString('en')} requests with ${code}`)
      .join(', ') || 'no request'
  }.

${table([
  [
    'container',
    'limit',
    'peak',
    'own',
    'limit met',
    'restarts',
    'unhealthy',
    'log lines',
    'errors',
    'log, MB',
  ],
  ...running.map((entry) => [
    `\`${entry.name}\``,
    mebibytes(entry.limit),
    mebibytes(entry.peak),
    mebibytes(entry.own),
    String(entry.limitMet),
    String(entry.restarts),
    String(entry.unhealthy),
    String(entry.lines),
    String(entry.errors),
    (entry.highestLogBytes / 1e6).toFixed(1),
  ]),
  [
    'together',
    mebibytes(running.reduce((total, { limit }) => total + limit, 0)),
    mebibytes(running.reduce((total, { peak }) => total + peak, 0)),
    mebibytes(running.reduce((total, { own }) => total + own, 0)),
    ...['limitMet', 'restarts', 'unhealthy', 'lines', 'errors'].map((name) =>
      String(sum((entry) => Number(entry[name as keyof Observed]))),
    ),
    (sum(({ highestLogBytes }) => highestLogBytes) / 1e6).toFixed(1),
  ],
])}

Memory is in MiB: _peak_ is the kernel's highest figure since the container's start, _own_ the highest of the samples without files that
the kernel could drop. _Limit met_ counts how often it had to drop some. _Unhealthy_ counts the samples, one every 10 s, in which
the health check failed. The log is at most what Docker kept of it at a time, rotated files included.

![Memory of each container over time](stack.svg)

Tail sampling kept ${traces.kept.toLocaleString('en')} traces. Of ${traces.remembered} of them, one from each minute, Jaeger still had ${traces.found} at the end; the oldest was
${traces.oldestMinutes.toFixed(0)} minutes old.
${errorLines(running)}${awake ? awakening(awake) : ''}`;
}

function errorLines(containers: readonly Observed[]): string {
  const written = containers.filter(({ errors }) => errors > 0);
  if (written.length === 0) return '';
  const lines = written.flatMap(({ name, examples }) => examples.map((line) => `${name}: ${line}`));
  return `\nThe lines at level error:\n\n\`\`\`\n${lines.join('\n')}\n\`\`\`\n`;
}

function awakening({ minutes, processes, healthy, trace, rate, restarts, errors }: Awake): string {
  const seconds = (value: number | undefined) => (value === undefined ? 'not within 180' : value.toFixed(1));
  return `
## Asleep for ${minutes} minutes, and awake again

All ${processes} processes were stopped and let go on, as when a laptop sleeps. Docker's health checks went on and failed meanwhile.

${table([
  ['', 'seconds after waking up'],
  ['all containers are healthy', seconds(healthy)],
  ['a new trace is in Jaeger', seconds(trace)],
  ['Prometheus has a new rate of orders', seconds(rate)],
])}

${restarts} containers were restarted. ${
    Object.keys(errors).length === 0
      ? 'No program wrote a line at level error.'
      : `Lines at level error:\n\n\`\`\`\n${Object.entries(errors)
          .flatMap(([name, lines]) => lines.map((line) => `${name}: ${line}`))
          .join('\n')}\n\`\`\``
  }
`;
}
