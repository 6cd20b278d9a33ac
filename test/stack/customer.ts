import { randomUUID } from 'node:crypto';
import { stack } from './backends.ts';

export interface Placed {
  status: number;
  orderId: string;
  traceId: string;
  requestId: string;
}

/** Places an order like the customers of the stack. */
export async function placeOrder(paymentToken: string, apiUrl = stack.apiUrl): Promise<Placed> {
  const response = await fetch(`${apiUrl}/orders`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer demo-key',
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({
      customerId: 'cus_42',
      currency: 'EUR',
      items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
      paymentToken,
    }),
  });
  const { id } = (await response.json()) as { id: string };
  return {
    status: response.status,
    orderId: id,
    traceId: response.headers.get('traceparent')?.split('-')[1] ?? '',
    requestId: response.headers.get('x-request-id') ?? '',
  };
}
