import type { LogStore } from './logs/log-store.ts';
import type { Found } from './api-types.ts';
import type { TraceStore } from './traces/trace-store.ts';

const traceId = /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/g;
const uuid = /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])/g;

/**
 * Finds what a pasted text refers to: a trace id, an order id, a request id, a traceparent, or a whole answer of the API
 * that contains one of them.
 */
export function find(text: string, { traces, logs }: { traces: TraceStore; logs: LogStore }): Found {
  const lower = text.toLowerCase();
  const traceIds = lower.match(traceId) ?? [];
  for (const id of traceIds) if (traces.has(id)) return { kind: 'trace', id };

  const uuids = lower.match(uuid) ?? [];
  for (const id of uuids) {
    const ofRequest = logs.traceOfRequest(id);
    if (ofRequest !== undefined) return { kind: 'trace', id: ofRequest };
  }
  const [orderId] = uuids;
  if (orderId !== undefined) return { kind: 'order', id: orderId };
  if (traceIds.length > 0)
    return {
      kind: 'nothing',
      reason: 'The console does not have this trace: it was not sent, or was dropped since.',
    };
  return { kind: 'nothing', reason: 'The text contains no id of a trace, an order or a request.' };
}
