import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../lab/simulator/seeded-random.ts';
import { type ServiceProcess, spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { serviceEnvironment } from '../support/processes/spawn-service.ts';
import { audit, type Finding, type FinalAnswer } from '../../lab/audit/audit.ts';
import { openBooks } from '../../lab/audit/books.ts';
import { createGoodClient, type Exchange } from '../../lab/audit/good-client.ts';
import { drawOrder } from '../../lab/audit/orders.ts';
import type { World } from './world.ts';

export interface CrashOptions {
  rounds: number;
  seed: number;
  target: 'service' | 'postgres';
  replicas: number;
  clients: number;
  signal?: AbortSignal;
  progress?: (line: string) => void;
}

export interface CrashReport extends Omit<CrashOptions, 'signal' | 'progress'> {
  seconds: number;
  kills: number;
  /** Number of answers by status and code; lost ones count as `no answer`. */
  exchanges: Record<string, number>;
  orders: Record<string, number>;
  gateway: Record<string, number>;
  /** Milliseconds from the last client's end until no order was pending. */
  drained: number;
  /** Answers that promise something: without them, a kill can break nothing. */
  finalAnswers: number;
  findings: Array<Finding & { history: string[] }>;
}

/** Faults of the gateway during the crashes. */
const faults = {
  timeoutRate: 0.03,
  errorRate: 0.05,
  resetRate: 0.05,
  malformedRate: 0.03,
  slowSuccessRate: 0.03,
};

/** Short leases, so that another process takes over the orders of a killed one within the run. */
const settings = {
  DATABASE_DEADLINE: '1s',
  DATABASE_CONNECT_TIMEOUT: '500ms',
  PAYMENT_ATTEMPT_TIMEOUT: '300ms',
  PAYMENT_DEADLINE: '600ms',
  BREAKER_OPEN_FOR: '500ms',
  SETTLEMENT_POLL_INTERVAL: '100ms',
  SETTLEMENT_BACKOFF_BASE: '200ms',
  SETTLEMENT_BACKOFF_CAP: '1s',
  LOG_LEVEL: 'info',
};

const clients = { shop: 'shop-key', pos: 'pos-key' };

/** Kills at random moments while clients place orders, then waits until every order is settled and audits the books. */
export async function runCrashes(world: World, options: CrashOptions): Promise<CrashReport> {
  const startedAt = performance.now();
  const random = seededRandom(options.seed);
  const say = options.progress ?? (() => {});
  const answers: FinalAnswer[] = [];
  const exchanges: Exchange[] = [];
  say(`seed ${options.seed}: ${options.rounds} kills of ${options.target}, ${options.replicas} replica(s)`);
  await world.gateway.setFaults({ ...faults, seed: options.seed });

  const env = { ...serviceEnvironment(world.databaseUrl, world.gateway.url), ...settings };
  const replicas = await Promise.all(
    Array.from({ length: options.replicas }, () => spawnServiceProcess({ env })),
  );
  const logs = replicas.map(({ logs: lines }) => lines);
  const closing = new AbortController();
  const shopping = shop();

  let kills = 0;
  while (kills < options.rounds && !options.signal?.aborted) {
    await delay(100 + random() * 900);
    if (options.target === 'postgres') await world.crashPostgres();
    else await crashService(Math.floor(random() * replicas.length));
    kills += 1;
    if (kills % 10 === 0 || kills === options.rounds) say(`${kills} kills, ${answers.length} final answers`);
  }

  closing.abort();
  await shopping;
  await world.gateway.clearFaults();
  say('waiting until no order is pending, a minute at most');
  const drainStarted = performance.now();
  await untilNothingIsPending();
  const drained = performance.now() - drainStarted;
  await Promise.all(replicas.map((replica) => replica.stop()));

  const books = await openBooks(answers, (text) => world.sql(text), world.gateway);
  const { signal: _signal, progress: _progress, ...drawn } = options;
  return {
    ...drawn,
    seconds: (performance.now() - startedAt) / 1000,
    kills,
    exchanges: countBy(exchanges, ({ what }) => what),
    orders: countBy(books.orders, ({ status }) => status),
    gateway: countBy(books.ledger, ({ status }) => status),
    drained,
    finalAnswers: answers.length,
    findings: audit(books).map((finding) => Object.assign(finding, { history: historyOf(finding.orderId) })),
  };

  /** Each client places one order after the other. Some orders are placed by two clients under the same key. */
  async function shop(): Promise<void> {
    const recent: Array<{
      clientId: keyof typeof clients;
      key: string;
      order: ReturnType<typeof drawOrder>;
    }> = [];
    await Promise.all(
      Array.from({ length: options.clients }, async (_, number) => {
        while (!closing.signal.aborted) {
          const clientId = random() < 0.5 ? 'shop' : 'pos';
          const fresh = {
            clientId,
            key: `${options.seed}-${number}-${recent.length}`,
            order: drawOrder(random),
          } as const;
          const shared = random() < 0.1 ? recent.at(-1 - Math.floor(random() * 5)) : undefined;
          const chosen = shared ?? fresh;
          if (shared === undefined) recent.push(fresh);
          const client = createGoodClient({
            clientId: chosen.clientId,
            apiKey: clients[chosen.clientId],
            url: () => replicas[Math.floor(Math.random() * replicas.length)]?.url ?? '',
            answered: (answer) => answers.push(answer),
            exchanged: (exchange) => exchanges.push(exchange),
            // After the last kill, a client may finish its order.
            signal: AbortSignal.timeout(60_000),
          });
          await client.place(chosen.key, chosen.order);
        }
      }),
    );
  }

  async function crashService(index: number): Promise<void> {
    const victim = replicas[index];
    if (victim === undefined) throw new Error(`no replica ${index}`);
    await victim.kill();
    const successor: ServiceProcess = await spawnServiceProcess({ env });
    replicas[index] = successor;
    logs.push(successor.logs);
  }

  async function untilNothingIsPending(): Promise<void> {
    const giveUp = Date.now() + 60_000;
    while (Date.now() < giveUp) {
      const pending = await world.sql(`SELECT id FROM orders WHERE status = 'pending' LIMIT 1`);
      if (pending.length === 0) return;
      await delay(50);
    }
  }

  /** All exchanges and log lines about an order, for the analysis of a finding. */
  function historyOf(orderId: string): string[] {
    const keys = new Set(
      exchanges.filter((each) => each.orderId === orderId).map((each) => each.idempotencyKey),
    );
    const heard = exchanges.filter(({ idempotencyKey }) => keys.has(idempotencyKey));
    const logged = logs.flat().filter((line) => line['order_id'] === orderId);
    return [
      ...heard.map(
        ({ at, clientId, idempotencyKey, what }) => `${at} ${clientId} ${idempotencyKey}: ${what}`,
      ),
      ...logged.map((line) => `${String(line['time'])} service: ${JSON.stringify(line)}`),
    ].toSorted();
  }
}

function countBy<T>(items: readonly T[], name: (item: T) => string): Record<string, number> {
  const groups = Map.groupBy(items, (item) => name(item).trim());
  const names = [...groups.keys()].toSorted();
  return Object.fromEntries(names.map((key) => [key, groups.get(key)?.length ?? 0]));
}

/**
 * Whether the run could have found a loss. What a kill can lose was promised to a client before, so there must be an answer for
 * every kill.
 */
export function isProof({ kills, finalAnswers }: Pick<CrashReport, 'kills' | 'finalAnswers'>): boolean {
  return kills > 0 && finalAnswers >= kills;
}

const nothingProved = ({ kills, finalAnswers }: CrashReport) =>
  `this proves nothing, because ${kills} kills had ${finalAnswers} final answers to break; use more --rounds or --clients`;

export function formatReport(report: CrashReport): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(' · ');
  const rows = [
    ['seed', String(report.seed)],
    [
      'kills',
      `${report.kills} of ${report.target}, ${report.replicas} replica(s), in ${report.seconds.toFixed(0)} s`,
    ],
    ['clients', `${report.clients}: ${list(report.exchanges)}`],
    ['orders', list(report.orders)],
    ['gateway', list(report.gateway)],
    ['drained', `${(report.drained / 1000).toFixed(1)} s after the last client`],
    ['findings', `${report.findings.length}${isProof(report) ? '' : `: ${nothingProved(report)}`}`],
  ] as const;
  const table = rows.map(([name, value]) => `${name.padEnd(10)}${value}`).join('\n');
  const details = report.findings.map(
    ({ kind, orderId, detail, history }) => `\n${kind} ${orderId}: ${detail}\n  ${history.join('\n  ')}`,
  );
  return table + details.join('\n');
}
