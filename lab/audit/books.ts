import type { GatewayControl } from '../harness/gateway-control.ts';
import { type Books, type StoredOrder, type FinalAnswer } from './audit.ts';

type Sql = (text: string, values?: unknown[]) => Promise<StoredOrder[]>;

/** Adds the orders in Postgres and the ledger of the gateway to the answers that clients got. */
export async function openBooks(
  answers: readonly FinalAnswer[],
  sql: Sql,
  gateway: GatewayControl,
): Promise<Books> {
  const orders = await sql(`
    SELECT id, client_id, idempotency_key, status, to_json(total_minor) AS total_minor, currency, payment_id,
      status = 'pending' AND due_at < now() - interval '5 s' AS overdue
    FROM orders`);
  const { charges } = await gateway.ledger();
  return { answers, orders, ledger: charges };
}
