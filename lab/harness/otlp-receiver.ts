import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { logsRequest, type ReceivedLog, type ReceivedSpan, traceRequest } from '../console/otlp/messages.ts';
import { decode } from '../console/otlp/protobuf.ts';
import { type SpanTree, toSpanTrees } from './span-tree.ts';

/** The receiver's fault: it does not listen, never answers, answers late, answers 503, or works (`off`). */
export type ReceiverFault = 'refuse' | 'hang' | 'slow' | '503' | 'off';

export interface ReceivedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  /** Uncompressed. */
  body: Buffer;
}

/** Receives telemetry of a service under test over OTLP/HTTP in protobuf, as a Collector does. */
export interface OtlpReceiver extends AsyncDisposable {
  /** Value for OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  /** Every accepted span, in the order of arrival. */
  readonly spans: readonly ReceivedSpan[];
  readonly logs: readonly ReceivedLog[];
  /** Number of requests that arrived, with any outcome. */
  readonly requests: number;
  /** Requests that were read completely, in the order of arrival. */
  readonly received: readonly ReceivedRequest[];
  /** Waits for a matching span; one that has arrived already counts. Timeouts are in milliseconds. */
  waitForSpan(predicate: (span: ReceivedSpan) => boolean, timeout?: number): Promise<ReceivedSpan>;
  waitForLog(predicate: (log: ReceivedLog) => boolean, timeout?: number): Promise<ReceivedLog>;
  /** Waits until the trace has at least `count` spans. */
  waitForTrace(traceId: string, count: number, timeout?: number): Promise<SpanTree[]>;
  /** The spans of a trace that have arrived. A span whose parent has not arrived is a root. */
  trace(traceId: string): SpanTree[];
  /** Sets the fault of later requests. Requests that already hang continue to hang. */
  fail(fault: ReceiverFault): Promise<void>;
}

/** Milliseconds that a slow receiver takes to answer: longer than a request may wait, shorter than an exporter's timeout. */
const slowness = 1000;
const patience = 10_000;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const arrivals = new EventEmitter<{ arrival: [] }>().setMaxListeners(0);
  const refusals: string[] = [];
  const received: ReceivedRequest[] = [];
  let fault: ReceiverFault = 'off';
  let requests = 0;

  const signals: Readonly<Record<string, (body: Buffer) => void>> = {
    '/v1/traces': (body) => spans.push(...decode(traceRequest, body)),
    '/v1/logs': (body) => logs.push(...decode(logsRequest, body)),
  };

  /** Stores a request. @returns the status of the answer */
  function take({ url: path = '', method, headers }: IncomingMessage, content: Buffer): number {
    // The endpoint may have a path prefix.
    const store = signals[/\/v1\/\w+$/.exec(path)?.[0] ?? ''];
    try {
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(content) : content;
      received.push({ path, headers, body });
      if (store === undefined || method !== 'POST') return 404;
      if (headers['content-type'] !== 'application/x-protobuf') return 415;
      store(body);
    } catch (error) {
      refusals.push(String(error));
      return 400;
    }
    arrivals.emit('arrival');
    return 200;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    const met = fault;
    const body = await buffer(request);
    if (met === 'hang') return;
    if (met === 'slow') await delay(slowness);
    const status = met === '503' ? 503 : take(request, body);
    if (status !== 200) refusals.push(`${request.method} ${request.url}: ${status}`);
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
  }

  // A client may hang up while it sends.
  const server = createServer((request, response) => void answer(request, response).catch(() => {}));
  async function listen(port: number): Promise<number> {
    if (!server.listening) await once(server.listen(port, '127.0.0.1'), 'listening');
    const address = server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }
  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Looks again after each arrival. */
  async function until<T>(look: () => T | undefined, what: string, timeout: number): Promise<T> {
    const signal = AbortSignal.timeout(timeout);
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      try {
        await once(arrivals, 'arrival', { signal });
      } catch (error) {
        const seen = [
          ...spans.map(({ name }) => name),
          ...logs.map(({ body }) => JSON.stringify(body)),
          ...refusals,
        ];
        const message = `No ${what} within ${timeout} ms. What arrived: ${seen.join(', ') || 'nothing'}`;
        throw new Error(message, { cause: error });
      }
    }
  }

  const ofTrace = (traceId: string) => spans.filter((span) => span.traceId === traceId);
  const port = await listen(0);
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    logs,
    get requests() {
      return requests;
    },
    received,
    waitForSpan: (predicate, timeout = patience) => until(() => spans.find(predicate), 'such span', timeout),
    waitForLog: (predicate, timeout = patience) => until(() => logs.find(predicate), 'such log', timeout),
    async waitForTrace(traceId, count, timeout = patience) {
      const isThere = () => (ofTrace(traceId).length >= count ? true : undefined);
      await until(isThere, `trace ${traceId} of ${count} spans`, timeout);
      return toSpanTrees(ofTrace(traceId));
    },
    trace: (traceId) => toSpanTrees(ofTrace(traceId)),
    async fail(next) {
      fault = next;
      if (next === 'refuse') await close();
      else await listen(port);
    },
    [Symbol.asyncDispose]: close,
  };
}
