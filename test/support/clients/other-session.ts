import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { SpawnedService } from '../processes/spawn-service.ts';

/** Another session in the database of a service, with a transaction open, for locks that the service meets. */
export async function openTransaction({ database }: Pick<SpawnedService, 'database'>): Promise<Client> {
  const session = new Client({ connectionString: database.url });
  await session.connect();
  await session.query('BEGIN');
  return session;
}

/** Claims an idempotency key of the client `shop`; orders with that key wait until the transaction ends. */
export async function claimKey(session: Client, key: string): Promise<void> {
  await session.query(
    `INSERT INTO orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor,
       status, payment_token, due_at, created_at, updated_at)
     VALUES ($1, 'shop', $2, '\\x00', 'cus_42', 'EUR', '[]', 0, 'pending', 'tok', now(), now(), now())`,
    [randomUUID(), key],
  );
}
