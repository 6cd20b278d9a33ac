import { request } from 'undici';
import type { BenchDatabase, CountedStatement } from './database.ts';
import { BenchFailure } from './failure.ts';
import { Customers, type Load } from './load.ts';
import type { MeasuredProcess } from './processes.ts';
import { quantile } from './statistics.ts';

/** One of the compared processes, with its database. */
export interface Subject<Process extends MeasuredProcess = MeasuredProcess> {
  name: string;
  process: Process;
  database: BenchDatabase;
}

export interface Round {
  requests: number;
  requestsPerSecond: number;
  /** Processor time of the subject's process alone, in microseconds. */
  cpuPerRequest: number;
  /** Milliseconds. */
  p50: number;
  /** Milliseconds. */
  p99: number;
  /** Statements that the database executed meanwhile. */
  statements: CountedStatement[];
}

export interface Setting {
  seconds: number;
  connections: number;
  /** Orders a second. By default a closed loop. */
  rate?: number;
  /** Base URL of the payment gateway simulator. */
  gatewayUrl: string;
  signal: AbortSignal;
}

/** Unmeasured start of a round, in seconds: an idle pool reopens its connections and prepares its statements again. */
const leadIn = 0.5;

/** @throws {BenchFailure} if an order fails, or is not paid exactly once */
export async function measureRound(subject: Subject, setting: Setting): Promise<Round> {
  const { process, database } = subject;
  await database.tidy();
  await request(`${setting.gatewayUrl}/ledger`, { method: 'DELETE' }).then(({ body }) => body.dump());
  const before = await database.orders();

  await using customers = new Customers(process.url, setting.connections, setting.signal);
  const { requests: unmeasured } = await customers.order(leadIn, setting.rate);
  await database.startCounting();
  const cpuBefore = await process.cpuTime();
  const load = await customers.order(setting.seconds, setting.rate);
  const cpu = (await process.cpuTime()) - cpuBefore;
  const statements = await database.statements();

  await checkBooks(subject, setting, { before, placed: unmeasured + load.requests });
  return { ...figuresOf(load, cpu), statements };
}

/** Long enough, in seconds, for V8 to optimize the measured code. */
const warmUpTime = 12;
export const warmUpConnections = 32;
/**
 * Seconds with the measured connections, if they are fewer. What runs then is not what ran before: with one connection, the
 * code of statements that go alone was optimized only after twenty seconds.
 */
const warmUpTimeOfFew = 24;
/** Seconds of it without a pause. */
const warmUpTurn = 6;

/**
 * Warms the subjects up in turns. From a process without requests for a minute and a half, V8's memory reducer takes optimized code:
 * it needs two or three times the processor time for a second, and more for long. So none may wait while all others are warmed up.
 */
export async function warmUp(
  subjects: readonly Subject[],
  setting: Setting,
  turn: (subject: Subject, work: Promise<void>) => Promise<void>,
): Promise<void> {
  const { connections, signal } = setting;
  const phases = [{ connections: Math.max(connections, warmUpConnections), seconds: warmUpTime }];
  if (connections < warmUpConnections) phases.push({ connections, seconds: warmUpTimeOfFew });
  for (const phase of phases) {
    for (let warm = 0; warm < phase.seconds; warm += warmUpTurn) {
      for (const subject of subjects) await turn(subject, order(subject, phase.connections, signal));
    }
  }
}

async function order({ process }: Subject, connections: number, signal: AbortSignal): Promise<void> {
  await using customers = new Customers(process.url, connections, signal);
  await customers.order(warmUpTurn);
}

function figuresOf({ requests, seconds, latencies }: Load, cpu: number): Omit<Round, 'statements'> {
  return {
    requests,
    requestsPerSecond: requests / seconds,
    cpuPerRequest: cpu / requests,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/** Checks that every order was stored, paid and charged once: a subject that skips work would be fast for a bad reason. */
async function checkBooks(
  { name, database }: Subject,
  { gatewayUrl }: Setting,
  { before, placed }: { before: { paid: number; total: number }; placed: number },
): Promise<void> {
  const after = await database.orders();
  const { body } = await request(`${gatewayUrl}/ledger?limit=1`);
  const { totals } = (await body.json()) as { totals: { captured: number; duplicates: number } };
  const counts = {
    stored: after.total - before.total,
    paid: after.paid - before.paid,
    charged: totals.captured,
  };
  if (totals.duplicates > 0 || Object.values(counts).some((count) => count !== placed)) {
    throw new BenchFailure(
      `${name} answered ${placed} orders, but ${JSON.stringify({ ...counts, chargedTwice: totals.duplicates })}.`,
    );
  }
}
