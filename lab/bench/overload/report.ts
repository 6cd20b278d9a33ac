import { capacityTimes } from './costs.ts';
import type { Outcome } from './outcome.ts';
import type { Comparison } from '../shared/report.ts';
import { quantile } from '../shared/statistics.ts';
import { canPin } from './pinning.ts';
import { table } from '../../report/table.ts';

/** A resource that is scarce, and the settings that make it so. */
export interface Scene {
  name: 'gateway' | 'processor' | 'proxy';
  title: string;
  meaning: string;
  /** Milliseconds. */
  gatewayLatency: number;
  env: Readonly<Record<string, string>>;
  /** Connections over which the capacity is measured. */
  connections: number;
  /** Whether what serves orders has a core of its own, and what loads it another. */
  pinned: boolean;
  /** Multiples of the capacity. */
  multiples: readonly number[];
  /** The two services that are compared; the goals are those of the first. */
  variants: Record<'on' | 'off', Variant>;
}

export interface Variant {
  title: string;
  env: Readonly<Record<string, string>>;
  proxied: boolean;
}

const withAndWithoutAdmission: Scene['variants'] = {
  on: { title: '`ADMISSION=on`', env: { ADMISSION: 'on' }, proxied: false },
  off: { title: '`ADMISSION=off`', env: { ADMISSION: 'off' }, proxied: false },
};

export const scenes: readonly Scene[] = [
  {
    name: 'gateway',
    title: 'Short of connections to the gateway',
    meaning:
      'The gateway takes 60 ms for every charge, and the service has 15 connections to it (`PAYMENT_CONNECTIONS=15`; all other settings are the defaults).',
    gatewayLatency: 60,
    env: { PAYMENT_CONNECTIONS: '15' },
    connections: 20,
    pinned: false,
    multiples: [1, 2, 5, 10],
    variants: withAndWithoutAdmission,
  },
  {
    name: 'processor',
    title: 'Short of processor time',
    meaning:
      'The gateway answers at once. Load generator, service, PostgreSQL and gateway share the cores, so the generator takes processor time from the service: the higher the multiple, the more this measures the machine.',
    gatewayLatency: 0,
    env: {},
    connections: 96,
    pinned: false,
    multiples: [1, 2, 5, 10],
    variants: withAndWithoutAdmission,
  },
  {
    name: 'proxy',
    title: 'Short of processor time, behind the proxy',
    meaning:
      'The gateway answers at once. Service, PostgreSQL and gateway have one core, load generator and HAProxy the other. HAProxy has the configuration of the stack, and learns from the service how many requests it takes (`AGENT_PORT`).',
    gatewayLatency: 0,
    env: {},
    connections: 96,
    pinned: true,
    multiples: [1, 2, 3, 5, 10],
    variants: {
      on: { title: 'Behind HAProxy', env: {}, proxied: true },
      off: { title: 'Without a proxy', env: {}, proxied: false },
    },
  },
];

export interface OverloadReport extends Pick<Comparison, 'date' | 'machine'> {
  /** How often each burst was measured, and its length in seconds. */
  settings: { rounds: number; seconds: number };
  /** Processor time per refused request, in microseconds: of the service, and of Node's HTTP server alone. */
  refusal: number;
  bareRefusal: number;
  scenes: MeasuredScene[];
}

export interface MeasuredScene extends Scene {
  /** Medians over the rounds, one outcome per multiple. */
  outcomes: Record<'on' | 'off', Outcome[]>;
  rounds: Record<'on' | 'off', Outcome[][]>;
}

export function toMarkdown(report: OverloadReport): string {
  const { date, machine, settings, refusal, bareRefusal, scenes: measured } = report;
  const { rounds, seconds } = settings;
  return `# Under overload

\`npm run bench:overload\` on ${date}: ${machine.cores} cores (${machine.processor}), ${machine.platform}, Node ${machine.node},
load average ${machine.loadBefore.toFixed(2)} before the start.

![Paid orders and their p99 over the load, with and without admission control](overload.svg)

Each burst has a new service. Its capacity is measured in a closed loop over a few connections, after ${capacityTimes.warmUp} s of it in which
V8 optimizes, on the way that the burst takes. Then orders arrive in an open loop, whether or not earlier ones were answered:
5 s at 0.8 of the capacity, ${seconds} s at a multiple, and 5 s at 0.8 again. The whole burst counts, including its first moments. Each
figure is the median of ${rounds} rounds. Paid orders are answers
of 201, and p50 and p99 are theirs. Shed requests are answers of 429. Pending orders are answers of 202: stored, and charged
later by the settlement worker. A client without an answer hangs up after 2 s. The service has recovered when in every later
quarter of a second all orders are paid, with a p99 of at most 1.5 times that at the capacity. Without a proxy, clients with a
new connection may get no answer: libuv accepts one connection per turn of the event loop, so the others wait in the kernel.
Late is the generator's delay
behind its schedule (p99); requests that it could not send are missing from sent.

A refusal takes ${refusal.toFixed(0)} µs of processor time, of which Node's HTTP server alone takes ${bareRefusal.toFixed(0)} µs for the same answer; an
order takes ${orderCost(measured)} µs. So a service that is short of
processor time cannot refuse much more than ${(orderCost(measured) / refusal).toFixed(0)} times its capacity and still serve orders.

${measured.map((scene) => describeScene(scene, refusal)).join('\n')}
Commits do not wait for the disk. Traces are off; logs and metrics are on.
`;
}

/** From the last scene: the one short of processor time, if it was measured. */
function orderCost(measured: readonly MeasuredScene[]): number {
  const last = measured.at(-1);
  return Math.round(last === undefined ? Number.NaN : medianOfBursts(last, ({ cpuPerOrder }) => cpuPerOrder));
}

function medianOfBursts({ rounds }: MeasuredScene, of: (outcome: Outcome) => number): number {
  const values = [...rounds.on, ...rounds.off].flat().map(of);
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function describeScene(scene: MeasuredScene, refusal: number): string {
  const { title, meaning, outcomes, variants, pinned } = scene;
  const capacity = medianOfBursts(scene, (outcome) => outcome.capacity);
  const place = pinned && !canPin ? ' **Not bound to cores**: that needs `taskset` and two cores.' : '';
  return `## ${title}

${meaning}${place} Capacity: ${capacity.toFixed(0)} orders a second (median).

${(['on', 'off'] as const)
  .map(
    (admission) => `### ${variants[admission].title}

${table([columns, ...outcomes[admission].map((outcome) => rowOf(outcome))])}
`,
  )
  .join('\n')}
${goalsOf(outcomes.on)}${pinned ? `\n\n${goalsWithoutProxy(outcomes.off, refusal / orderCost([scene]))}` : ''}
`;
}

const columns = [
  'load',
  'sent/s',
  'paid/s',
  'of capacity',
  'p50',
  'p99',
  'shed/s',
  'shed p50',
  'shed p99',
  'pending/s',
  '5xx/s',
  'no answer/s',
  'recovered after',
  'RSS before, most',
  'late',
];

function rowOf(outcome: Outcome): string[] {
  const { multiple, sent, goodput, accepted, shed, shedLatency, leftPending, failed, lost, gaveUp } = outcome;
  return [
    `${multiple}×`,
    sent.toFixed(0),
    goodput.toFixed(0),
    `${(100 * outcome.share).toFixed(0)} %`,
    time(accepted.p50),
    time(accepted.p99),
    shed.toFixed(0),
    time(shedLatency.p50),
    time(shedLatency.p99),
    leftPending.toFixed(0),
    failed.toFixed(0),
    (lost + gaveUp).toFixed(0),
    outcome.recovery === undefined ? 'not in 5 s' : `${(outcome.recovery / 1000).toFixed(2)} s`,
    `${megabytes(outcome.memory.before)}, ${megabytes(outcome.memory.most)} MB`,
    time(outcome.late.p99),
  ];
}

function time(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return '–';
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${milliseconds.toFixed(0)} ms`;
}

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

/** How far a service gets that has to refuse by itself. @param refusal its cost, relative to an order */
function goalsWithoutProxy(outcomes: readonly Outcome[], refusal: number): string {
  const goodput = outcomes.find(({ multiple }) => multiple === 3)?.share ?? Number.NaN;
  return table([
    ['goal without a proxy', 'measured', ''],
    [
      'paid orders at 3×: at least 0.80 of the capacity',
      goodput.toFixed(2),
      goodput >= 0.8 ? 'met' : '**missed**',
    ],
    [
      'processor time of a refusal: at most 0.15 of that of an order',
      refusal.toFixed(2),
      refusal <= 0.15 ? 'met' : '**missed**',
    ],
  ]);
}

/** The goals compare the highest multiple with the capacity itself. */
function goalsOf(outcomes: readonly Outcome[]): string {
  const one = outcomes[0];
  const most = outcomes.at(-1);
  if (one === undefined || most === undefined) return '';
  const goodput = most.share;
  const latency = most.accepted.p99 / one.accepted.p99;
  const memory = most.memory.most / one.memory.most;
  const at = `at ${most.multiple}×`;
  const rows: Array<[goal: string, measured: string, met: boolean]> = [
    [`paid orders ${at}: at least 0.90 of the capacity`, goodput.toFixed(2), goodput >= 0.9],
    [`their p99 ${at}: at most 3 times that at 1×`, latency.toFixed(2), latency <= 3],
    [
      `shed requests ${at}: answered within 20 ms (p99)`,
      time(most.shedLatency.p99),
      most.shedLatency.p99 <= 20,
    ],
    [`memory ${at}: at most 1.25 times that at 1×`, memory.toFixed(2), memory <= 1.25],
    [
      'back to normal within 2 s',
      most.recovery === undefined ? 'not in 5 s' : `${(most.recovery / 1000).toFixed(2)} s`,
      most.recovery !== undefined && most.recovery <= 2000,
    ],
  ];
  return table([
    ['goal', 'measured', ''],
    ...rows.map(([goal, measured, met]) => [goal, measured, met ? 'met' : '**missed**']),
  ]);
}
