import { request } from 'undici';
import type { BenchDatabase, CountedStatement } from './database.ts';
import { BenchFailure } from './failure.ts';
import { Customers, type Load } from './load.ts';
import type { BenchProcess } from './processes.ts';
import { quantile } from './statistics.ts';

/** One of the processes that are compared, with what belongs to it. */
export interface Subject {
  name: string;
  process: BenchProcess;
  database: BenchDatabase;
}

export interface Round {
  requests: number;
  requestsPerSecond: number;
  /** Microseconds of processor time, of the subject's process alone. */
  cpuPerRequest: number;
  /** Milliseconds. */
  p50: number;
  /** Milliseconds. */
  p99: number;
  /** What the database was sent meanwhile. */
  statements: CountedStatement[];
}

export interface Setting {
  seconds: number;
  connections: number;
  /** Orders a second. Default as many as are answered. */
  rate?: number;
  /** Base URL of the payment gateway simulator. */
  gatewayUrl: string;
  signal: AbortSignal;
}

/** Unmeasured start of a round, in seconds: connections open and statements are prepared, which an idle pool lost. */
const leadIn = 0.5;

/** @throws {BenchFailure} where an order fails, or one is not paid exactly once */
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

/** Long enough for V8 to have optimized what will be measured, in seconds. */
const warmUpTime = 12;

export async function warmUp({ process }: Subject, setting: Setting): Promise<void> {
  await using customers = new Customers(process.url, setting.connections, setting.signal);
  await customers.order(warmUpTime);
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

/** A subject that loses orders or charges twice would be fast for the wrong reason. */
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
