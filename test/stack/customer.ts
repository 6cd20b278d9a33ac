import { randomUUID } from 'node:crypto';
import { teaOrder } from '../support/clients/api-client.ts';
import { traceIdOf } from '../support/clients/trace-context.ts';
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
    body: JSON.stringify({ ...teaOrder, paymentToken }),
  });
  const { id } = (await response.json()) as { id: string };
  return {
    status: response.status,
    orderId: id,
    traceId: traceIdOf(response.headers),
    requestId: response.headers.get('x-request-id') ?? '',
  };
}
