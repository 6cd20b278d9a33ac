import type { Machine } from '../../report/machine.ts';
import type { CountedStatement } from './database.ts';
import type { Round, Setting } from './measure.ts';
import type { Options } from './options.ts';
import type { StartUp } from '../orders/start-up.ts';
import { ratios, type Spread, spreadOf } from './statistics.ts';

/** The figures of a round, in the order of the columns. */
export const figures = {
  requestsPerSecond: { title: 'req/s', unit: '', digits: 0 },
  cpuPerRequest: { title: 'CPU per request', unit: ' µs', digits: 0 },
  p50: { title: 'p50', unit: ' ms', digits: 2 },
  p99: { title: 'p99', unit: ' ms', digits: 1 },
} as const;

export type Figure = keyof typeof figures;
export const figureNames = Object.keys(figures) as Figure[];

/** `rate` as in {@link Setting}. */
export type Settings = Pick<Options, 'rounds' | 'seconds' | 'connections'> & Pick<Setting, 'rate'>;

/** Subjects measured side by side. The first one is the baseline of the others. */
export interface Comparison {
  date: string;
  machine: Machine;
  settings: Settings;
  subjects: SubjectReport[];
}

export interface OrdersReport extends Comparison {
  startUp: StartUp;
  /** Whether commits waited for the disk. */
  durable: boolean;
  /** Processes of each subject that share the rounds. */
  processes: number;
  /** Commit of this build, and of the earlier one that was measured beside it. */
  commits: { measured: string; before?: string };
}

export interface SubjectReport {
  name: string;
  figures: Record<Figure, Spread>;
  /** Ratios to the first subject, round by round; the first one has none. */
  ratios?: Record<Figure, Spread>;
  roundTripsPerOrder: number;
  /** Number of statements that belong to no order, such as those of the settlement worker. */
  otherStatements: number;
  /** PostgreSQL's execution time, in microseconds. */
  statementTimePerOrder: number;
  statements: CountedStatement[];
  rounds: Array<Omit<Round, 'statements'>>;
}

export function describeComparison(
  { rounds, seconds, connections, rate }: Settings,
  machine: Machine,
  measured: ReadonlyMap<string, readonly Round[]>,
): Comparison {
  const base = [...measured.values()][0] ?? [];
  return {
    date: new Date().toISOString().slice(0, 10),
    machine,
    settings: { rounds, seconds, connections, ...(rate !== undefined && { rate }) },
    subjects: [...measured].map(([name, own]) => describeSubject(name, own, base)),
  };
}

function describeSubject(name: string, own: readonly Round[], base: readonly Round[]): SubjectReport {
  const statements = sumUp(own.flatMap((round) => round.statements));
  const orders = sum(own.map(({ requests }) => requests));
  // A statement that runs less than once per hundred orders is periodic and belongs to no order.
  const ofOrders = statements.filter(({ calls }) => calls * 100 >= orders);
  const others = statements.filter(({ calls }) => calls * 100 < orders);
  return {
    name,
    figures: each((figure) => spreadOf(valuesOf(own, figure))),
    ...(own !== base && { ratios: each((figure) => ratios(valuesOf(own, figure), valuesOf(base, figure))) }),
    roundTripsPerOrder: sum(ofOrders.map(({ calls }) => calls)) / orders,
    otherStatements: sum(others.map(({ calls }) => calls)),
    statementTimePerOrder: (1000 * sum(statements.map(({ duration }) => duration))) / orders,
    statements,
    rounds: own.map(({ requests, requestsPerSecond, cpuPerRequest, p50, p99 }) => ({
      requests,
      requestsPerSecond,
      cpuPerRequest,
      p50,
      p99,
    })),
  };
}

function valuesOf(rounds: readonly Round[], figure: Figure): number[] {
  return rounds.map((round) => round[figure]);
}

function each(of: (figure: Figure) => Spread): Record<Figure, Spread> {
  return Object.fromEntries(figureNames.map((figure) => [figure, of(figure)])) as Record<Figure, Spread>;
}

function sumUp(statements: readonly CountedStatement[]): CountedStatement[] {
  const byText = Map.groupBy(statements, ({ text }) => text);
  return [...byText].map(([text, same]) => ({
    text,
    calls: sum(same.map(({ calls }) => calls)),
    duration: sum(same.map(({ duration }) => duration)),
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
