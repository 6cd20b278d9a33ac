/** The fields that the domain adds to the canonical log line, under the names that they have in the log. */
export interface DomainFields {
  order_id?: string;
  order_status?: string;
  idempotency?: string;
  payment_outcome?: string;
  payment_attempts?: number;
  circuit_breaker?: string;
  payment_ms?: number;
}

/** Those that are sums of milliseconds. */
export type DomainTimes = 'payment_ms';

/** Adds to the span of a request what the domain knows of it once it is handled. */
export function describeDomain(
  span: { setAttribute(name: string, value: string): unknown },
  { order_id: orderId, idempotency }: DomainFields,
): void {
  if (orderId) span.setAttribute('orders.order.id', orderId);
  if (idempotency) span.setAttribute('orders.idempotency.result', idempotency);
}

/** The number of the attempt at a dependency that the request makes at the moment; 1 for the first. */
export function attemptOf({ payment_attempts: attempt = 1 }: DomainFields): number {
  return attempt;
}
