import { escapeLiteral } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { createOrderStore, type ListPosition, type ListQuery } from '../../src/orders/order-store.ts';
import type { Statement } from '../../src/postgres/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/processes/database.ts';

/**
 * The cost of a page does not depend on the size of the table, because a page is read from an index in order. From these
 * 200,000 rows to ten million, the indexes grow by one level, which costs one buffer more.
 */

const rows = 200_000;

let database: TestDatabase;
let tablePages: number;
beforeAll(async () => {
  database = await createTestDatabase();
  // Ids are a second apart. There are four clients with 500 customers each. Of a hundred orders, 90 are paid, 9 declined
  // and 1 cancelled, but client_2 has no declined ones. Half of the newest 1 % is pending.
  await database.sql(`
    INSERT INTO orders (id, client_id, request_hash, customer_id, currency, items, total_minor, status,
      payment_token, payment_id, decline_code, due_at, created_at, updated_at)
    SELECT uuidv7(make_interval(secs => n - ${rows})), 'client_' || n % 4, sha256(n::text::bytea),
      'customer_' || n / 4 % 500, 'EUR', '[{"sku":"TEA-001","quantity":2,"unitPriceMinor":450}]', 900, status,
      CASE status WHEN 'pending' THEN 'tok_visa' END, CASE status WHEN 'paid' THEN 'ch_' || n END,
      CASE status WHEN 'declined' THEN 'card_declined' END, CASE status WHEN 'pending' THEN placed_at END,
      placed_at, placed_at
    FROM generate_series(1, ${rows}) AS n,
      LATERAL (SELECT abs(hashint4(n)) % 100 AS percent, now() + make_interval(secs => n - ${rows}) AS placed_at),
      LATERAL (SELECT CASE
        WHEN n > ${rows * 0.99} AND percent < 50 THEN 'pending'
        WHEN percent = 99 THEN 'cancelled'
        WHEN percent < 90 OR n % 4 = 2 THEN 'paid'
        ELSE 'declined' END AS status)`);
  await database.sql('ANALYZE orders');
  const [size] = await database.sql<{ pages: number }>(
    "SELECT pg_relation_size('orders')::int / 8192 AS pages",
  );
  tablePages = size?.pages ?? 0;
  return () => database.drop();
});

interface PlanNode {
  'Node Type': string;
  'Index Name'?: string;
  'Scan Direction'?: string;
  Filter?: string;
  'Actual Rows': number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

type Listing = ListQuery & { client?: string };

/** Captures the statement that the store sends, so that this test cannot examine a different one. */
async function statementFor({
  client = 'client_1',
  ...query
}: Listing): Promise<{ statement: Statement; values: readonly unknown[] }> {
  const { promise, resolve } = Promise.withResolvers<{ statement: Statement; values: readonly unknown[] }>();
  const store = createOrderStore({
    run: async (statement, values) => {
      resolve({ statement, values });
      return [];
    },
  });
  await store.list(client, query);
  return promise;
}

/** @param mode Postgres plans a prepared statement for its values at first, and later for any values */
async function explain(
  query: ListQuery,
  mode: 'force_custom_plan' | 'force_generic_plan',
): Promise<PlanNode> {
  const { statement, values } = await statementFor(query);
  await database.sql(`SET plan_cache_mode = ${mode}`);
  await database.sql('DEALLOCATE ALL');
  await database.sql(`PREPARE list_orders AS ${statement.text}`);
  const literals = values.map((value) => escapeLiteral(String(value)));
  const [row] = await database.sql<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE list_orders(${literals.join(', ')})`,
  );
  if (row === undefined) throw new Error('no plan');
  return row['QUERY PLAN'][0].Plan;
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

const positionOfRow = async (place: number): Promise<ListPosition | undefined> => {
  const [row] = await database.sql<{ id: string; time: string }>(
    'SELECT id, (extract(epoch FROM created_at) * 1000000)::bigint AS time FROM orders ORDER BY id OFFSET $1 LIMIT 1',
    [place],
  );
  return row && { id: row.id, time: Number(row.time) };
};

type Filter = Omit<Listing, 'limit' | 'before'>;

const filters: Array<[what: string, filter: Filter, index: string]> = [
  ['all orders', {}, 'orders_by_client_time'],
  ['all orders of a client that has none', { client: 'newcomer' }, 'orders_by_client_time'],
  ['status=paid', { status: 'paid' }, 'orders_by_client_status_time'],
  ['status=pending', { status: 'pending' }, 'orders_by_client_status_time'],
  ['status=cancelled, which is rare', { status: 'cancelled' }, 'orders_by_client_status_time'],
  [
    // The trap: the statistics suggest that every 60th order matches, but none does.
    'status=declined of a client without any, unlike the other clients',
    { client: 'client_2', status: 'declined' },
    'orders_by_client_status_time',
  ],
  ['customerId', { customerId: 'customer_7' }, 'orders_by_client_customer_time'],
  ['customerId of nobody', { customerId: 'nobody' }, 'orders_by_client_customer_time'],
  [
    'customerId and status=paid',
    { customerId: 'customer_7', status: 'paid' },
    'orders_by_client_customer_time',
  ],
  [
    'customerId and status=pending',
    { customerId: 'customer_7', status: 'pending' },
    'orders_by_client_customer_time',
  ],
];

/** The first page, one in the middle and the last, each from the smallest to the largest limit of the API. */
async function pagesOf(filter: Filter): Promise<Listing[]> {
  const cursors = [undefined, await positionOfRow(rows / 2), await positionOfRow(50)];
  const pages: Listing[] = [];
  for (const before of cursors) for (const limit of [2, 21, 101]) pages.push({ ...filter, before, limit });
  return pages;
}

const buffersOf = (plan: PlanNode) => plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
/** Buffers for the descent of an index and a neighbouring leaf or two. */
const descent = 15;

describe.each(filters)('a page of %s', (what, filter, index) => {
  test(`a page of ${what} is read from its index in order by the generic plan`, async () => {
    for (const page of await pagesOf(filter)) {
      const plan = await explain(page, 'force_generic_plan');
      const scan = { 'Node Type': 'Index Scan', 'Index Name': index, 'Scan Direction': 'Backward' };
      expect(nodesOf(plan)).toEqual([
        expect.objectContaining({ 'Node Type': 'Limit' }),
        expect.objectContaining(scan),
      ]);
      // A filter beside the index condition would read rows and discard them.
      expect(plan.Plans?.[0]).not.toHaveProperty('Filter');
      // In the worst case every row lies in a buffer of its own.
      expect(buffersOf(plan)).toBeLessThanOrEqual(plan['Actual Rows'] + descent);
    }
  });

  test(`a page of ${what} touches few buffers under a custom plan, too`, async () => {
    for (const page of await pagesOf(filter)) {
      const plan = await explain(page, 'force_custom_plan');
      // The plan may differ when Postgres expects fewer rows than a page holds, but it must not cost more.
      expect(nodesOf(plan).map((node) => node['Node Type'])).not.toContain('Seq Scan');
      expect(buffersOf(plan)).toBeLessThanOrEqual(101 + descent);
    }
  });
});

test('the table of the plan tests is large enough to distinguish an index from a scan', () => {
  expect(tablePages).toBeGreaterThan(5000);
});
