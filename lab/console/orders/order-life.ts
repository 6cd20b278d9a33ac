import { request } from 'undici';
import { overHttp1 } from '../over-http1.ts';
import type { LogStore } from '../logs/log-store.ts';
import { summaryOf } from '../traces/trace-entry.ts';
import type { TraceStore } from '../traces/trace-store.ts';
import { untraced } from '../untraced.ts';

export interface OrderSources {
  traces: TraceStore;
  logs: LogStore;
  /** Read at every lookup, because it may become known later. */
  target: () => { apiUrl: string; apiKey: string; gatewayUrl?: string | undefined } | undefined;
}

/** Timeout of a request to the API or the ledger, in milliseconds. */
const timeout = 2000;
/** Maximum number of traces: an order that stays pending has one per settlement round. */
const mostTraces = 20;

/** Everything known about an order, from every source, as the JSON of an `OrderLife`. */
export async function orderLife(orderId: string, { traces, logs, target }: OrderSources): Promise<string> {
  const [order, charge] = await Promise.all([
    lookUpOrder(orderId, target()),
    lookUpCharge(orderId, target()),
  ]);
  const entries = traces.ofOrder(orderId).slice(0, mostTraces);
  const known = {
    orderId,
    ...('found' in order ? { order: order.found } : { orderMissing: order.missing }),
    ...('found' in charge ? { charge: charge.found } : { chargeMissing: charge.missing }),
    traces: entries.map(summaryOf),
    spans: entries.flatMap(traces.recordsOf),
  };
  // Lines are stored as JSON and passed on without parsing.
  return `${JSON.stringify(known).slice(0, -1)},"logs":[${logs.ofOrder(orderId).join()}]}`;
}

type LookUp = { found: unknown } | { missing: string };

async function lookUpOrder(orderId: string, target: ReturnType<OrderSources['target']>): Promise<LookUp> {
  if (target === undefined) return { missing: 'No service is known yet.' };
  const { status, body } = await get(new URL(`/orders/${encodeURIComponent(orderId)}`, target.apiUrl), {
    authorization: `Bearer ${target.apiKey}`,
  });
  if (status === 200) return { found: body };
  if (status === 400) return { missing: 'This is no id of an order, which is a UUID.' };
  return { missing: status === undefined ? 'The service does not answer.' : detailOf(body, status) };
}

async function lookUpCharge(orderId: string, target: ReturnType<OrderSources['target']>): Promise<LookUp> {
  if (target?.gatewayUrl === undefined) return { missing: 'No payment gateway simulator is known.' };
  const { status, body } = await get(new URL(`/charges/${encodeURIComponent(orderId)}`, target.gatewayUrl));
  if (status === 200) return { found: body };
  return { missing: status === undefined ? 'The gateway does not answer.' : detailOf(body, status) };
}

async function get(
  url: URL,
  headers: Record<string, string> = {},
): Promise<{ status?: number; body?: unknown }> {
  try {
    const response = await request(url, {
      headers: { ...headers, ...untraced() },
      dispatcher: overHttp1,
      signal: AbortSignal.timeout(timeout),
    });
    return { status: response.statusCode, body: await response.body.json() };
  } catch {
    return {};
  }
}

/** The detail of a problem. */
function detailOf(body: unknown, status: number): string {
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : undefined;
  return typeof detail === 'string' ? detail : `The answer was ${status}.`;
}
