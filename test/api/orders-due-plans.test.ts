import { expect, onTestFinished, test } from 'vitest';
import { takeDueOrders } from '../../src/orders/order-statements.ts';
import { createTestDatabase } from '../support/processes/database.ts';

/** After an outage thousands of orders are due at once, and Postgres may have no statistics of them yet. */
test.each([
  ['that was never analyzed', []],
  ['that was empty when it was analyzed', ['ANALYZE orders']],
])(
  'due orders of a table %s are found by their index and leased by the primary key',
  async (_what, before) => {
    const { sql, drop } = await createTestDatabase();
    onTestFinished(drop);
    await sql('ALTER TABLE orders SET (autovacuum_enabled = false)');
    for (const statement of before) await sql(statement);
    await sql(`
    INSERT INTO orders (id, client_id, request_hash, customer_id, currency, items, total_minor, status, payment_token, held,
      due_at, created_at, updated_at)
    SELECT uuidv7(), 'shop', sha256(n::text::bytea), 'customer_' || n % 500, 'EUR', '[]', 900, 'pending', 'tok_visa', false,
      now(), now(), now()
    FROM generate_series(1, 10000) AS n`);
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await sql(`SET plan_cache_mode = ${mode}`);
      await sql('DEALLOCATE ALL');
      await sql(`PREPARE take (int, float8) AS ${takeDueOrders.text}`);
      const lines = await sql<{ 'QUERY PLAN': string }>('EXPLAIN EXECUTE take(96, 30000)');
      const plan = lines.map((line) => line['QUERY PLAN']).join('\n');
      expect(plan).toContain('Index Scan using orders_due');
      expect(plan).toContain('orders_pkey');
      expect(plan).not.toContain('Sort Key');
      expect(plan).not.toContain('Seq Scan');
    }
  },
);
