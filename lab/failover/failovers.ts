import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { audit, type Finding } from '../audit/audit.ts';
import { openBooks } from '../audit/books.ts';
import { type Reply, startCustomers } from '../chaos/customers.ts';
import { createGatewayControl } from '../harness/gateway-control.ts';
import { advisedSettings, type PgBouncer, type PoolMode, startPgBouncer } from '../harness/pgbouncer.ts';
import { type PostgresPair, startPostgresPair, urlOfBoth } from '../harness/postgres-pair.ts';
import { spawnServiceProcess } from '../harness/service-process.ts';
import { startSimulator } from '../simulator/server.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';

/** How the service gets to the server that takes writes. */
export type Way =
  /** DATABASE_URL names both servers. */
  | { kind: 'direct' }
  /** Through one PgBouncer, which is made to lead to the new primary after each promotion. */
  | { kind: 'repointed'; mode: PoolMode }
  /** Through the PgBouncer beside each server. DATABASE_URL names both, and they outlive their servers. */
  | { kind: 'beside'; mode: PoolMode };

export interface FailoverOptions {
  /** Default: direct. */
  way?: Way;
  rounds: number;
  /** Orders a second. A fifth as many lists are read. */
  rate: number;
  seed: number;
  /** Seconds from the end of a primary to the promotion, for one round after the other, again and again. */
  awayFor: readonly number[];
  /** Seconds of load before each failover, and after it before the old primary returns. */
  calm: number;
  /** Ends the run before its last round; the books are audited all the same. */
  signal: AbortSignal;
  progress(line: string): void;
}

/** One failover. Times are milliseconds. */
export interface Round {
  how: 'killed' | 'stopped';
  /** From the end of the primary until its standby is promoted. */
  promotedAfter: number;
  /** From the promotion to the first order that is stored again. */
  writesAfter: number;
  /** From the promotion to the last request that was sent and got 503; 0 if none did. */
  refusedUntil: number;
  /** Answers to the orders and lists of this round, by status and code. */
  answers: Record<string, number>;
  /** Statements on orders that the demoted server got after its return. */
  readsFromDemoted: number;
}

export interface FailoverReport {
  rounds: Round[];
  orders: Record<string, number>;
  charges: Record<string, number>;
  findings: Finding[];
}

/** The answers are those of the database alone: no limit and no admission control refuses a request before. */
const settings = {
  NODE_ENV: 'test',
  PORT: '0',
  ADMIN_PORT: '0',
  API_KEYS: 'shop:shop-key,pos:pos-key',
  RATE_LIMIT_MAX: '0',
  RATE_LIMIT_ADDRESS_MAX: '0',
  ADMISSION: 'off',
  SETTLEMENT_BACKOFF_BASE: '200ms',
  SETTLEMENT_BACKOFF_CAP: '1s',
  LOG_LEVEL: 'info',
};
const stored = new Set(['201', '202', '402']);

/**
 * Fails over a primary to its synchronous standby, again and again, while customers place orders and read lists, and audits
 * the books at the end. The ended server returns as the standby of the other, so that every other round leads back.
 */
export async function runFailovers(
  env: Readonly<Record<string, string>>,
  options: FailoverOptions,
): Promise<FailoverReport> {
  await using started = new AsyncDisposableStack();
  const pair = started.use(await startPostgresPair({ preload: 'pg_stat_statements' }));
  await pair.sql('CREATE EXTENSION pg_stat_statements');
  await migrate(urlOfBoth(pair));
  const poolers = await startPoolers(pair, options.way ?? { kind: 'direct' }, started);
  const logger = createLogger({ service: 'payment-gateway-simulator', level: 'silent' });
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, logger });
  started.defer(() => simulator.close());
  const gateway = createGatewayControl(simulator.url);
  const service = await spawnServiceProcess({
    env: { ...settings, ...poolers.env, PAYMENT_GATEWAY_URL: simulator.url, ...env },
  });
  started.defer(() => service.kill());

  const replies: Reply[] = [];
  const customers = startCustomers({
    urls: () => [service.url],
    rate: options.rate,
    seed: options.seed,
    run: 'failover',
    apiKeys: { shop: 'shop-key', pos: 'pos-key' },
    patient: true,
    onReply: (reply) => replies.push(reply),
  });
  started.defer(() => customers.close(0));
  const reading = new AbortController();
  const reads = customers.sendOthers(
    options.rate / 5,
    { path: '/orders?limit=5', apiKey: 'shop-key' },
    reading.signal,
  );

  const rounds: Round[] = [];
  const calm = () => delay(1000 * options.calm, undefined, { signal: options.signal });
  try {
    for (let number = 0; number < options.rounds; number += 1) {
      const how = number % 2 === 0 ? 'killed' : 'stopped';
      const awayFor = options.awayFor[number % options.awayFor.length] ?? 0;
      const round = await failOver(pair, { how, awayFor }, { replies, calm, promoted: poolers.promoted });
      rounds.push(round);
      options.progress(`round ${number + 1}: ${JSON.stringify(round)}`);
    }
  } catch (error) {
    // The round that was cut short does not count. Whichever server is the primary then answers for the books.
    if (!options.signal.aborted) throw error;
  }
  reading.abort();
  await Promise.all([reads, customers.close(15_000)]);
  await untilSettled(pair);

  const books = await openBooks(customers.answers, (text) => pair.sql(text), gateway);
  return {
    rounds,
    orders: countBy(books.orders, ({ status }) => status),
    charges: countBy(books.ledger, ({ status }) => status),
    findings: audit(books),
  };
}

async function startPoolers(
  pair: PostgresPair,
  way: Way,
  started: AsyncDisposableStack,
): Promise<{ env: Record<string, string>; promoted(): Promise<void> }> {
  if (way.kind === 'direct') return { env: { DATABASE_URL: urlOfBoth(pair) }, promoted: async () => {} };
  const { kind, mode } = way;
  const start = async (url: string): Promise<PgBouncer> =>
    started.use(await startPgBouncer(url, { settings: advisedSettings }));
  const env = mode === 'session' ? { DATABASE_POOLER: 'session' } : {};
  if (kind === 'beside') {
    const poolers = await Promise.all(pair.urls.map(start));
    const urls = poolers.map((pooler) => pooler.url(mode));
    return { env: { ...env, DATABASE_URL: urlOfBoth({ urls }) }, promoted: async () => {} };
  }
  const pooler = await start(pair.primaryUrl());
  return {
    env: { ...env, DATABASE_URL: `${pooler.url(mode)}?target_session_attrs=read-write` },
    promoted: () => pooler.repoint(pair.primaryUrl()),
  };
}

interface Course {
  replies: readonly Reply[];
  calm(): Promise<void>;
  /** Tells whoever has to know that the other server is the primary now. */
  promoted(): Promise<void>;
}

async function failOver(
  pair: PostgresPair,
  { how, awayFor }: { how: Round['how']; awayFor: number },
  { replies, calm, promoted }: Course,
): Promise<Round> {
  const first = replies.length;
  await calm();
  const endedAt = performance.now();
  await pair.failOver(how, awayFor);
  const promotedAt = performance.now();
  await promoted();
  await calm();
  await pair.rejoin();
  await calm();

  const round = replies.slice(first);
  const sentInFailover = round.filter(({ sentAt }) => sentAt >= endedAt);
  const storedAt = sentInFailover
    .filter(({ from, answer }) => from === 'customers' && stored.has(answer))
    .map(({ sentAt, duration }) => sentAt + duration);
  if (storedAt.length > 0 && (await statementsOnOrders(pair.primaryUrl())) === 0) {
    throw new Error(
      'no statement on orders is recognized on the primary, so none would be on the demoted server',
    );
  }
  const refusedAt = sentInFailover
    .filter(({ answer }) => answer.startsWith('503'))
    .map(({ sentAt }) => sentAt);
  return {
    how,
    promotedAfter: promotedAt - endedAt,
    writesAfter: Math.max(0, Math.min(...storedAt) - promotedAt),
    refusedUntil: Math.max(0, ...refusedAt.map((at) => at - promotedAt)),
    answers: countBy(round, ({ answer }) => answer),
    readsFromDemoted: await statementsOnOrders(pair.demotedUrl()),
  };
}

/** The standby counts statements from its start. */
async function statementsOnOrders(url: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ calls: number }>(
    String.raw`SELECT coalesce(sum(calls), 0)::int AS calls FROM pg_stat_statements WHERE query ~* $1`,
    [String.raw`\m(from|into|update)\s+public\.orders\M`],
  );
  await client.end();
  return rows[0]?.calls ?? 0;
}

async function untilSettled(pair: PostgresPair): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (Date.now() < giveUpAt) {
    const pending = await pair.sql(`SELECT FROM orders WHERE status = 'pending' LIMIT 1`);
    if (pending.length === 0) return;
    await delay(50);
  }
}

function countBy<T>(items: readonly T[], name: (item: T) => string): Record<string, number> {
  const groups = Map.groupBy(items, name);
  return Object.fromEntries([...groups.keys()].toSorted().map((key) => [key, groups.get(key)?.length ?? 0]));
}
