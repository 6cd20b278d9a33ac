import { ProtobufWriter } from '../../../src/telemetry/otlp/protobuf-writer.ts';
import { request } from 'undici';
import { startConsole } from '../../../lab/console/console.ts';
import type { PrometheusPlace } from '../../../lab/console/alerts/prometheus-watch.ts';
import type { Targets } from '../../../lab/console/targets.ts';
import type { Destination, Signal } from '../../../lab/console/receiver/forwarder.ts';

/** A console in the test's own process. */
export interface TestConsole extends AsyncDisposable {
  url: string;
  /** Address of the page, with the token. */
  pageUrl: string;
  token: string;
  watch(targets: Targets): void;
  /** Sends a request with the page's session. `headers` override those of the page. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Sends a request without a session. */
  raw(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Sends spans over OTLP, in JSON. */
  sendSpans(...spans: readonly object[]): Promise<void>;
  sendLogs(...lines: readonly object[]): Promise<void>;
  /** Unexpected errors so far. */
  defects: unknown[];
}

interface CallOptions {
  headers?: Record<string, string>;
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  /** `undefined` if the text is not JSON. */
  body: unknown;
}

export interface TestConsoleOptions {
  /** Maximum bytes of telemetry. */
  memory?: number;
  collector?: Partial<Record<Signal, Destination>>;
  targets?: Targets;
  prometheus?: PrometheusPlace;
  timeScale?: number;
  requestTimeout?: number;
  /** Default: a free one. */
  port?: number;
}

export async function startTestConsole({
  memory = 8_000_000,
  ...rest
}: TestConsoleOptions = {}): Promise<TestConsole> {
  const defects: unknown[] = [];
  const running = await startConsole({
    port: 0,
    memory,
    ...rest,
    onUnexpectedError: (error) => defects.push(error),
  });
  const token = new URL(running.pageUrl).searchParams.get('token') ?? '';
  const cookie = `console-${new URL(running.url).port}=${token}`;

  // fetch does not allow setting the headers under test, such as Host and Origin.
  const raw: TestConsole['raw'] = async (method, path, { headers = {}, body } = {}) => {
    const isBytes = body instanceof Uint8Array || typeof body === 'string';
    const response = await request(new URL(path, running.url), {
      method,
      headers: { ...(body !== undefined && !isBytes && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : isBytes ? body : JSON.stringify(body),
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text, body: parse(text) };
  };
  const call: TestConsole['call'] = (method, path, { headers = {}, body } = {}) =>
    raw(method, path, { headers: { cookie, ...headers }, body });

  async function send(signal: string, body: object): Promise<void> {
    const { status, text } = await raw('POST', `/v1/${signal}`, { body });
    if (status !== 200) throw new Error(`The console answered ${status}: ${text}`);
  }

  return {
    url: running.url,
    pageUrl: running.pageUrl,
    token,
    watch: running.watch,
    call,
    raw,
    sendSpans: (...spans) => send('traces', traceRequestOf(spans)),
    sendLogs: (...logRecords) =>
      send('logs', { resourceLogs: [{ resource: resourceOf('orders'), scopeLogs: [{ logRecords }] }] }),
    defects,
    [Symbol.asyncDispose]: running.close,
  };
}

const resourceOf = (service: string) => ({
  attributes: [{ key: 'service.name', value: { stringValue: service } }],
});

export function traceRequestOf(spans: readonly object[], service = 'orders'): object {
  const resource = resourceOf(service);
  return { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] };
}

let made = 0;

/** A span in OTLP's JSON format: by default 5 ms long, in a trace of its own. */
export function otlpSpan(rest: Readonly<Record<string, unknown>> = {}) {
  made += 1;
  const now = BigInt(Date.now()) * 1_000_000n;
  return {
    traceId: made.toString(16).padStart(32, 'a'),
    spanId: made.toString(16).padStart(16, 'b'),
    name: 'GET /orders',
    kind: 2,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 5_000_000n),
    ...rest,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An export request with one span, in protobuf. */
export function protobufSpan(traceId: string, name: string): Buffer {
  const writer = new ProtobufWriter();
  const open = [1, 2, 2].map((field) => writer.begin(field));
  writer.hex(1, traceId);
  writer.hex(2, 'c'.repeat(16));
  writer.string(5, name);
  for (const each of open.toReversed()) writer.end(each);
  return Buffer.from(writer.written());
}
