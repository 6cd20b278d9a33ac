import type { TracedService } from '../processes/traced-service.ts';
import { teaOrder } from './api-client.ts';
import { newTraceparent } from './trace-context.ts';

/**
 * Places an order and hangs up while it is charged.
 *
 * @param latencyMs that the gateway takes
 * @returns the trace that the client sent, as a header
 */
export async function hangUp(
  { process, gateway, receiver }: Pick<TracedService, 'process' | 'gateway' | 'receiver'>,
  latencyMs: number,
): Promise<{ headers: Headers }> {
  const traceparent = newTraceparent('03');
  await gateway.setFaults({ latencyMs });
  const leaving = new AbortController();
  const sent = fetch(`${process.url}/orders`, {
    method: 'POST',
    headers: { authorization: 'Bearer shop-key', 'content-type': 'application/json', traceparent },
    body: JSON.stringify(teaOrder),
    signal: leaving.signal,
  }).catch(() => {});
  const traceId = traceparent.split('-')[1];
  // The statement that stores the order has ended, so the charge is under way.
  await receiver.waitForSpan((span) => span.traceId === traceId && span.name === 'INSERT orders');
  leaving.abort();
  await sent;
  await receiver.waitForSpan((span) => span.traceId === traceId && span.kind === 'SERVER');
  await gateway.clearFaults();
  return { headers: new Headers({ traceparent }) };
}
