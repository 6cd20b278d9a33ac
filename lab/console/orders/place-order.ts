import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import type { PlacedOrder } from '../domain-types.ts';
import { overHttp1 } from '../over-http1.ts';

/** Milliseconds: a tour places orders while the gateway does not answer. */
const timeout = 20_000;

/**
 * Places one small order, as a customer with this payment token.
 *
 * @throws {Error} if the service does not answer
 */
export async function placeOrder(
  { apiUrl, apiKey }: { apiUrl: string; apiKey: string },
  paymentToken: string,
): Promise<PlacedOrder> {
  const startedAt = performance.now();
  const response = await request(new URL('/orders', apiUrl), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({
      customerId: 'cus_tour',
      currency: 'EUR',
      items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
      paymentToken,
    }),
    dispatcher: overHttp1,
    signal: AbortSignal.timeout(timeout),
  });
  const body = (await response.body.json()) as { id?: string; orderId?: string; status?: unknown };
  const traceparent = response.headers['traceparent'];
  return {
    httpStatus: response.statusCode,
    status: typeof body.status === 'string' ? body.status : '',
    orderId: body.id ?? body.orderId ?? '',
    traceId: typeof traceparent === 'string' ? (traceparent.split('-')[1] ?? '') : '',
    duration: performance.now() - startedAt,
  };
}
