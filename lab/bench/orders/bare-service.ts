import { randomUUIDv7 } from 'node:crypto';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { fastify } from 'fastify';
import { Pool } from 'pg';
import { Pool as HttpPool } from 'undici';
import { type Config, loadConfig } from '../../../src/config/config.ts';
import { readDatabaseUrl } from '../../../src/config/database-url.ts';
import { listen } from '../../../src/http/listen.ts';
import { orderRequestSchema, orderSchema } from '../../../src/orders/api/order-schema.ts';
import { connectionConfig } from '../../../src/postgres/client.ts';
import { runProcess } from '../../../src/process.ts';

/**
 * The baseline for the service: the same request, row, charge and answer, without anything for the case of a failure. It
 * has no API keys, idempotency, timeouts, retries, logs or metrics.
 */
function bareOrders({ postgres, payment }: Config): FastifyPluginAsyncTypebox {
  const database = new Pool({
    ...connectionConfig(readDatabaseUrl(postgres.url.reveal()), { timeout: postgres.connectTimeout }),
    max: postgres.poolMax,
  });
  const gateway = new HttpPool(payment.gatewayUrl, { connections: payment.connections });

  return async (app) => {
    app.addHook('onClose', async () => {
      await database.end();
      await gateway.close();
    });
    const schema = { body: orderRequestSchema, response: { 201: orderSchema } };

    app.post('/orders', { schema }, async (request, reply) => {
      const { customerId, currency, items, paymentToken } = request.body;
      const id = randomUUIDv7();
      let totalMinor = 0;
      for (const { quantity, unitPriceMinor } of items) totalMinor += quantity * unitPriceMinor;

      const key = request.headers['idempotency-key'];
      const inserted = await database.query<{ created_at: Date }>({
        ...insertOrder,
        values: [id, key, noHash, customerId, currency, JSON.stringify(items), totalMinor, paymentToken],
      });

      const charge = await gateway.request({
        method: 'POST',
        path: '/charges',
        headers: { 'content-type': 'application/json', 'idempotency-key': id },
        body: JSON.stringify({ amountMinor: totalMinor, currency, paymentToken, reference: id }),
      });
      if (charge.statusCode >= 300) throw new Error(`gateway answered ${charge.statusCode}`);
      const { id: paymentId } = (await charge.body.json()) as { id: string };

      const updated = await database.query<{ updated_at: Date }>({ ...payOrder, values: [id, paymentId] });

      return reply.code(201).send({
        id,
        status: 'paid',
        customerId,
        currency,
        items,
        totalMinor,
        paymentId,
        reason: null,
        createdAt: inserted.rows[0]?.created_at.toISOString() ?? '',
        updatedAt: updated.rows[0]?.updated_at.toISOString() ?? '',
      });
    });
  };
}

/** Stands in for the digest by which the service recognizes repeated requests. */
const noHash = Buffer.alloc(32);

const insertOrder = {
  name: 'insert_order',
  text: `
    INSERT INTO orders (id, client_id, idempotency_key, request_hash, customer_id, currency, items, total_minor,
      status, payment_token, due_at, created_at, updated_at)
    VALUES ($1, 'bench', $2, $3, $4, $5, $6, $7, 'pending', $8, now() + interval '10 s', now(), now())
    RETURNING created_at`,
};

const payOrder = {
  name: 'pay_order',
  text: `
    UPDATE orders SET status = 'paid', payment_id = $2, payment_token = NULL, due_at = NULL, updated_at = now()
    WHERE id = $1 RETURNING updated_at`,
};

await runProcess(async () => {
  const config = loadConfig();
  const app = fastify({ forceCloseConnections: true });
  await app.register(bareOrders(config));
  const url = await listen(app, config.http, 'PORT');
  return { announcement: { url }, close: () => app.close(), closeDeadline: config.shutdown.deadline };
});
