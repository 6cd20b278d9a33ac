import { loadConsoleConfig } from '../../console/config.ts';
import type { Machine } from '../../report/machine.ts';
import { table } from '../../report/table.ts';
import { ratioForm, ratios, show, spreadOf } from '../shared/statistics.ts';
import { kinds } from './batches.ts';
import type { Build } from './builds.ts';
import type { PageFigures } from './shown-page.ts';

const mebibyte = 1_048_576;

const pageColumns: ReadonlyArray<{ title: string; figure: keyof PageFigures; scale: number; unit: string }> =
  [
    { title: 'first view', figure: 'firstView', scale: 1, unit: ' ms' },
    { title: 'frames per second', figure: 'frames', scale: 1, unit: '' },
    { title: 'main thread', figure: 'busy', scale: 100, unit: ' %' },
  ];

/** The figures of the builds as a page in Markdown; the second one is an earlier build. */
export function describe(
  builds: readonly Build[],
  machine: Machine,
  { rounds, records }: { rounds: number; records: number },
): string {
  return `# What the console costs

\`npm run bench:console\` on ${new Date().toISOString().slice(0, 10)}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start. ${rounds} rounds with ${records.toLocaleString('en')} spans, log lines and points each, in
protobuf, after the memory had reached the default bound of ${loadConsoleConfig({}).memory / mebibyte} MiB.

${intakeTable(builds)}

Median (least – most). Per core: records per second of CPU time of the console, with HTTP, storing and indexing. A span is one
of the six of a paid order, in batches of 510. The ratio compares the builds round by round: how many times the earlier one's
throughput, and which share of its memory. A build that throws points of metrics away is fast at it.

## The page

The overview in a headless Chromium on the same machine, opened anew in each round, with 15 minutes of data in its plots, while the
console receives what a service with 1,000 orders a second sends: 6,000 spans, 1,000 log lines and 200 points of metrics a second.

${pageTable(builds)}

First view: from the navigation until the first plot with data is painted, by a browser that has opened the console before. The main
thread: the share of three seconds in which it has a task, by
[Chromium's count](https://chromedevtools.github.io/devtools-protocol/tot/Performance/#method-getMetrics). Goals: 300 ms, 60 frames and
30 %. The ratio is which share of the earlier build's time, or how many times its frames.
`;
}

function intakeTable(builds: readonly Build[]): string {
  const perSecond = (costs: readonly number[]) =>
    show(spreadOf(costs.map((cost) => 1e6 / cost)), { unit: '', digits: 0 });
  const rows = builds.map(({ name, costs, memory }) => [
    name,
    ...kinds.map((kind) => perSecond(costs[kind])),
    show(spreadOf(memory), { unit: ' MiB', digits: 0 }),
  ]);
  const ratio = compare(builds, (own, earlier) => [
    ...kinds.map((kind) => show(ratios(earlier.costs[kind], own.costs[kind]), ratioForm)),
    show(ratios(own.memory, earlier.memory), ratioForm),
  ]);
  return table([
    ['', 'spans per second and core', 'log lines', 'points of metrics', 'memory (RSS)'],
    ...rows,
    ...ratio,
  ]);
}

function pageTable(builds: readonly Build[]): string {
  const values = ({ pages }: Build, figure: keyof PageFigures) => pages.map((page) => page[figure]);
  const rows = builds.map((build) => [
    build.name,
    ...pageColumns.map(({ figure, scale, unit }) =>
      show(spreadOf(values(build, figure).map((value) => value * scale)), { unit, digits: 0 }),
    ),
  ]);
  const ratio = compare(builds, (own, earlier) =>
    pageColumns.map(({ figure }) => show(ratios(values(own, figure), values(earlier, figure)), ratioForm)),
  );
  return table([['', ...pageColumns.map(({ title }) => title)], ...rows, ...ratio]);
}

/** A row that compares this build with the earlier one; none without an earlier one. */
function compare(
  [own, earlier]: readonly Build[],
  cells: (own: Build, earlier: Build) => string[],
): string[][] {
  return own === undefined || earlier === undefined ? [] : [['ratio', ...cells(own, earlier)]];
}
