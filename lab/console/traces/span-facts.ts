import type { SpanRecord } from '../api-types.ts';
import { statusOfAnswer } from '../http-status.ts';
import { type Peer, peerOf } from '../map/span-peer.ts';

/** What the console computes with. The rest of a span is kept as text. */
export interface SpanFacts
  extends Pick<
    SpanRecord,
    'traceId' | 'spanId' | 'parentId' | 'name' | 'kind' | 'service' | 'start' | 'end' | 'failed'
  > {
  /** HTTP status of the answer of a server; null for other spans. */
  httpStatus: number | null;
  /** The span has events, such as a retry. */
  eventful: boolean;
  /** The trace is an exemplar of the latency histogram. */
  exemplar: boolean;
  /** Empty if the span has none. */
  orderId: string;
  /** Ids of traces. */
  linksTo: readonly string[];
  /** What the span calls, or where its messages come from; `undefined` for other spans. */
  peer: Peer | undefined;
  /** What the callers of a server speak. */
  protocol: string;
}

const none: readonly string[] = [];

export function factsOf(span: SpanRecord): SpanFacts {
  const { traceId, spanId, parentId, name, kind, service, start, end, failed, attributes } = span;
  const orderId = attributes['orders.order.id'];
  const rpc = attributes['rpc.system'];
  return {
    traceId,
    spanId,
    parentId,
    name,
    kind,
    service,
    start,
    end,
    failed,
    httpStatus: statusOfAnswer(span),
    eventful: span.events.length > 0,
    exemplar: attributes['orders.exemplar'] === true,
    orderId: typeof orderId === 'string' ? orderId : '',
    linksTo: span.links.length === 0 ? none : span.links.map((link) => link.traceId),
    peer: peerOf(span),
    protocol: typeof rpc === 'string' ? rpc : 'http',
  };
}
