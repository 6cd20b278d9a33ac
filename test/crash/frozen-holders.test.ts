import { once } from 'node:events';
import { expect, test } from 'vitest';
import { audit, type FinalAnswer, type Finding } from '../../lab/audit/audit.ts';
import { openBooks } from '../../lab/audit/books.ts';
import { type ServiceProcess, spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { teaOrder } from '../support/clients/api-client.ts';
import {
  type Replica,
  serviceEnvironment,
  spawnReplica,
  spawnSurroundings,
  type Surroundings,
} from '../support/processes/spawn-service.ts';
import type { LeasedOrder } from '../../src/orders/order.ts';
import { type Mutant, mutants } from './fencing-mutants.ts';

/**
 * Two holders of one order whose outcomes differ: the first is frozen beyond its lease, with an outcome in its hands, and
 * goes on after the second has heard from the gateway and before it writes. Without its fencing token, the first would then
 * write what is no longer true.
 */

/**
 * Each holder reaches its fault point however busy the machine is: no deadline turns its outcome into another. Its lease is
 * as long as its deadlines: the test ends the first one's, as time would, and the second one's outlasts the test.
 */
const patient = {
  DATABASE_CONNECT_TIMEOUT: '20s',
  DATABASE_DEADLINE: '1m',
  DATABASE_STATEMENT_TIMEOUT: '20s',
  PAYMENT_DEADLINE: '1m',
  PAYMENT_ATTEMPT_TIMEOUT: '1m',
};
/** With a gateway that never responds, the outcome is unknown after this time. */
const unanswered = { PAYMENT_DEADLINE: '1500ms', PAYMENT_ATTEMPT_TIMEOUT: '1200ms' };
const idleWorker = { SETTLEMENT_POLL_INTERVAL: '1h' };
const eagerWorker = { SETTLEMENT_POLL_INTERVAL: '50ms' };

interface Duel {
  what: string;
  /** The fault point at which the first holder is frozen; undefined while the response of the gateway is on its way. */
  freezeAt: string | undefined;
  /** What the first holder does. Default: it places the order. */
  first?: 'place' | 'cancel';
  /** What the gateway does meanwhile. */
  faults?: Parameters<Surroundings['gateway']['setFaults']>[0];
  /** Whether the gateway forgets what it decided for the first holder. */
  forgets?: true;
  /** What the second holder does once the lease has ended. */
  second: 'cancel' | 'settle';
  /** The runs with this duel: each with a mutant that it finds, or with the real statements. */
  runs: readonly Run[];
  /** The order in the end, and what the gateway has in its ledger. */
  end: [order: string, gateway: string];
}

interface Run {
  mutant?: Mutant;
  /** Orders that the first holder writes at the same time: one has its own statement, and of six the last two share one. */
  orders: 1 | 6;
}

const duels: readonly Duel[] = [
  {
    what: 'a charge succeeds, and a cancellation refunds it',
    freezeAt: 'before store.settle',
    second: 'cancel',
    runs: [{ orders: 6 }, { orders: 1, mutant: 'settle_order' }, { orders: 6, mutant: 'record_outcomes' }],
    end: ['cancelled', 'cancelled, captured 1×'],
  },
  {
    what: 'the response to a charge is on its way, and a cancellation refunds it',
    freezeAt: undefined,
    faults: { slowSuccessRate: 1, slowSuccessDelayMs: 1000 },
    second: 'cancel',
    runs: [{ orders: 1 }, { orders: 1, mutant: 'settle_order' }],
    end: ['cancelled', 'cancelled, captured 1×'],
  },
  {
    what: 'a card is declined, and accepted when it is charged again',
    freezeAt: 'before store.settle',
    faults: { declineRate: 1 },
    forgets: true,
    second: 'settle',
    runs: [{ orders: 1 }, { orders: 1, mutant: 'settle_order' }],
    end: ['paid', 'succeeded, captured 1×'],
  },
  {
    what: 'the outcome of a charge is unknown, and a worker charges again',
    freezeAt: 'before store.release',
    faults: { timeoutRate: 1 },
    second: 'settle',
    runs: [{ orders: 6 }, { orders: 1, mutant: 'release_order' }, { orders: 6, mutant: 'record_outcomes' }],
    end: ['paid', 'succeeded, captured 1×'],
  },
  {
    what: 'a cancellation has not reached the gateway yet, and a worker takes the order',
    freezeAt: 'before gateway.cancel',
    first: 'cancel',
    second: 'settle',
    runs: [{ orders: 1 }, { orders: 1, mutant: 'take_order' }],
    end: ['cancelled', 'cancelled, captured 0×'],
  },
];

interface Result {
  findings: string[];
  end: [order: string, gateway: string];
}

const runs = duels.flatMap((duel) => duel.runs.map((run) => ({ duel, run })));

test('a holder that was frozen beyond its lease writes nothing, and the audit finds a service without fencing tokens', {
  timeout: 240_000,
}, async () => {
  const results: Fought[] = [];
  const queue = runs.entries();
  const lanes = Array.from({ length: 4 }, async () => {
    for (const [index, { duel, run }] of queue) {
      results[index] = { duel, run, result: await fight(duel, run) };
    }
  });
  await Promise.all(lanes);
  for (const { duel, run, result } of results) {
    const name = `${duel.what}, ${run.mutant ?? 'the real statements'}`;
    if (run.mutant === undefined) expect(result, name).toEqual({ findings: [], end: duel.end });
    else expect(result.findings, name).not.toEqual([]);
  }
  await expect(render(results)).toMatchFileSnapshot('../../docs/frozen-holders.md');
});

async function fight(duel: Duel, { mutant, orders }: Run): Promise<Result> {
  await using world = await spawnSurroundings();
  await using cleanup = new AsyncDisposableStack();
  const answers: FinalAnswer[] = [];
  if (duel.first === 'cancel') await leavePending(world, answers);

  const first = await spawnServiceProcess({
    entry: 'test/crash/crashing-service.ts',
    env: {
      ...serviceEnvironment(world.database.url, world.gateway.url),
      ...patient,
      ...(duel.faults?.timeoutRate && unanswered),
      ...idleWorker,
      ...(duel.freezeAt && { FREEZE_AT: duel.freezeAt, FREEZE_CALLS: String(orders) }),
      ...(mutant && { MUTANT: mutant }),
    },
  });
  cleanup.defer(() => first.kill());

  await world.gateway.setFaults(duel.faults ?? {});
  const frozen = once(first.child, 'message');
  const firstAnswer =
    duel.first === 'cancel' ? cancel(world, first.url) : placeAll(first.url, orders, answers);
  if (duel.freezeAt === undefined) await freezeMidway(world, first);
  else {
    const passed = firstAnswer.then(() => 'passed');
    if ((await Promise.race([frozen, passed])) === 'passed')
      throw new Error(`${duel.what}: ${duel.freezeAt} is never reached`);
  }
  await world.database.sql(`UPDATE orders SET due_at = now()`);
  await world.gateway.clearFaults();
  if (duel.forgets) await fetch(`${world.gateway.url}/ledger`, { method: 'DELETE' });

  const overdue = `SELECT FROM orders WHERE status = 'pending' AND due_at <= now()`;
  expect(await world.database.sql(overdue)).toHaveLength(orders);
  const { replica: second, outcomesInHand, mayWrite } = await spawnGated(world, duel.second, orders);
  cleanup.defer(() => second.close());
  const secondAnswer = duel.second === 'cancel' ? cancel(world, second.url) : undefined;
  const leases = await outcomesInHand;

  first.child.kill('SIGCONT');
  await firstAnswer;
  const stillHeld = await world.database.sql(
    `SELECT FROM orders JOIN unnest($1::uuid[], $2::int[]) AS leased (id, round) USING (id, round)
    WHERE status = 'pending' AND held AND due_at > now() + interval '1 s'`,
    [leases.map(({ order }) => order.id), leases.map(({ fencingToken }) => fencingToken)],
  );
  mayWrite();
  await secondAnswer;
  const pending = `SELECT FROM orders WHERE status = 'pending'`;
  await expect.poll(() => world.database.sql(pending), { timeout: 20_000 }).toHaveLength(0);

  const books = await openBooks(answers, world.database.sql, world.gateway);
  const ends = books.orders.map(({ id, status }): Result['end'] => {
    const charge = books.ledger.find(({ key }) => key === id);
    return [status, charge ? `${charge.status}, captured ${charge.captures}×` : 'nothing'];
  });
  const differing = ends.find((end) => end.join() !== duel.end.join());
  return {
    findings: [
      ...(stillHeld.length === orders ? [] : ['the second holder lost its lease']),
      ...new Set(audit(books).map(({ kind }) => meaning[kind] ?? kind)),
    ],
    end: differing ?? duel.end,
  };
}

const meaning: Partial<Record<Finding['kind'], string>> = {
  contradicted_answer: 'a client was told what is not true',
  paid_order_without_charge: 'the order is paid and the money is refunded',
  charge_without_paid_order: 'the card is charged and the order is not paid',
};

/** A replica whose holder of each order waits with its outcome in hand before it writes. */
async function spawnGated(world: Surroundings, work: Duel['second'], orders: number) {
  const inHand = Promise.withResolvers<LeasedOrder[]>();
  const gate = Promise.withResolvers<void>();
  const leases: LeasedOrder[] = [];
  const replica = await spawnReplica(
    world,
    { ...patient, ...(work === 'settle' ? eagerWorker : idleWorker) },
    {
      store: (store) => ({
        ...store,
        // The worker's first poll would take the order from the cancellation.
        takeDue: (...which) => (work === 'settle' ? store.takeDue(...which) : Promise.resolve([])),
        async settle(leased, settlement) {
          // A copy: an order that the first one gives back is soon leased again, which is not the lease that was lost.
          if (leases.push(leased) === orders) inHand.resolve([...leases]);
          await gate.promise;
          return store.settle(leased, settlement);
        },
      }),
    },
  );
  return { replica, outcomesInHand: inHand.promise, mayWrite: gate.resolve };
}

const asShop = { authorization: 'Bearer shop-key' };

/** Leaves an order pending that no worker takes. */
async function leavePending(world: Surroundings, answers: FinalAnswer[]): Promise<void> {
  await world.gateway.setFaults({ timeoutRate: 1 });
  await using replica: Replica = await spawnReplica(world, { ...unanswered, ...idleWorker });
  await placeAll(replica.url, 1, answers);
  await world.database.sql(`UPDATE orders SET due_at = now() + interval '1 h'`);
}

/** Freezes a process after the gateway has charged the card and before it responds. */
async function freezeMidway(world: Surroundings, { child }: ServiceProcess): Promise<void> {
  await expect.poll(async () => (await world.gateway.ledger()).charges, { interval: 10 }).toHaveLength(1);
  child.kill('SIGSTOP');
}

async function placeAll(url: string, orders: number, answers: FinalAnswer[]): Promise<void> {
  await Promise.all(Array.from({ length: orders }, (_, index) => place(url, `key-${index}`, answers)));
}

/** Asks again, as a client does, when a busy machine made a statement late: `503` promises that a repeat is safe. */
async function place(url: string, key: string, answers: FinalAnswer[], tries = 5): Promise<void> {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { ...asShop, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(teaOrder),
  });
  const { id, orderId } = (await response.json()) as { id?: string; orderId?: string };
  if (response.status === 503 && tries > 1) return place(url, key, answers, tries - 1);
  const status = ({ 201: 'paid', 202: 'pending', 402: 'declined' } as const)[response.status];
  if (status === undefined) throw new Error(`unexpected answer ${response.status}`);
  answers.push({
    clientId: 'shop',
    idempotencyKey: key,
    orderId: id ?? orderId ?? '',
    status,
    amountMinor: 900,
    currency: 'EUR',
  });
}

async function cancel(world: Surroundings, url: string): Promise<void> {
  const orders = await world.database.sql<{ id: string }>('SELECT id FROM orders');
  await Promise.all(
    orders.map(({ id }) => fetch(`${url}/orders/${id}/cancel`, { method: 'POST', headers: asShop })),
  );
}

interface Fought {
  duel: Duel;
  run: Run;
  result: Result;
}

function render(results: readonly Fought[]): string {
  const rows = results.map(({ duel, run: { mutant }, result: { findings, end } }) => {
    const found = findings.length === 0 ? 'nothing' : findings.join('; ');
    const lost = mutants.find(({ statement }) => statement === mutant)?.lost;
    const statements = lost ? `\`${mutant}\` without ${lost}` : 'as they are';
    return `| ${duel.what} | ${statements} | ${end.join(' | ')} | ${found} |`;
  });
  return `# Frozen holders

Two processes hold one order, one after the other, and the gateway gives them different outcomes. The first is stopped with
SIGSTOP, with its outcome in hand, until its lease has ended and the second has its own outcome; then it goes on before the
second writes. An audit compares the answers that clients got, the order in Postgres and the ledger of the gateway, and looks
whether the second holder still has its lease. Each statement is also run without its condition on the fencing token, and the
one that takes an order to cancel it without storing that wish, to show that the audit finds it. Generated by \`test/crash/frozen-holders.test.ts\`.

| what happens | statements | order | gateway | the audit finds |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
