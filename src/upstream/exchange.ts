import { type Dispatcher, errors } from 'undici';
import type { OutgoingProxy } from '../config/outgoing-proxy.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import { isConnectError, openConnections } from './connections.ts';

/** A dependency over HTTP: one request per call, with a time limit of its own. */
export interface HttpDependency {
  /** Never throws. */
  post(request: DependencyRequest, limits?: ExchangeLimits): Promise<Answer | Fault>;
  close(): Promise<void>;
}

export interface DependencyRequest {
  /** Appended to the path of the base URL. */
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

export interface ExchangeLimits {
  /** Milliseconds, connecting included, in which this process runs. Default: the attempt timeout of the dependency. */
  running?: number | undefined;
  /** Milliseconds by the clock. Default: no bound. */
  elapsed?: number | undefined;
  /** Cuts the request off. */
  signal?: AbortSignal | undefined;
}

/**
 * A complete response. `body` is the parsed JSON, `undefined` for a text that is not JSON. U+FFFD stands in its texts for what
 * Postgres cannot store.
 */
export interface Answer {
  kind: 'answer';
  status: number;
  headers: Readonly<Record<string, unknown>>;
  body: unknown;
}

/** No complete response came. `status` is set if one began. Nothing was sent only if the dependency is `unreachable`. */
export interface Fault {
  kind: 'fault';
  reason: 'timeout' | 'unreachable' | 'connection_lost' | 'malformed_answer' | 'cut_off';
  status: number | undefined;
  cause: unknown;
}

/** In bytes. A documented response has a few hundred; an endless one must not fill the memory. */
const longestResponse = 65_536;

export function createHttpDependency(options: {
  baseUrl: string;
  connections: number;
  /** Milliseconds for one request, connecting included, unless its caller grants others. */
  attemptTimeout: number;
  /** Default: the dependency is reached without a proxy. */
  proxy?: OutgoingProxy | undefined;
}): HttpDependency {
  const { origin, pathname } = new URL(options.baseUrl);
  const basePath = pathname.replace(/\/$/, '');
  const connections = openConnections(origin, {
    connections: options.connections,
    connectTimeout: options.attemptTimeout,
    longestResponse,
    proxy: options.proxy,
  });

  return {
    async post(
      { path, headers, body },
      { running = options.attemptTimeout, elapsed = Infinity, signal } = {},
    ) {
      if (signal?.aborted)
        return { kind: 'fault', reason: 'cut_off', status: undefined, cause: signal.reason };
      const request = { origin, method: 'POST', path: basePath + path, headers, body } as const;
      const exchange = startExchange(connections, request);
      const limit = startTimeLimit({ running, elapsed }, () => exchange.cutOff(new TimeoutError()));
      const callerStops = () => exchange.cutOff(signal?.reason);
      signal?.addEventListener('abort', callerStops);
      try {
        const { text, ...head } = await exchange.response;
        return { kind: 'answer', ...head, body: parseJson(text) };
      } catch (cause) {
        const reason = signal?.aborted ? 'cut_off' : reasonOf(cause);
        return { kind: 'fault', reason, status: exchange.status(), cause };
      } finally {
        limit.clear();
        signal?.removeEventListener('abort', callerStops);
      }
    },
    close: () => connections.close(),
  };
}

type Head = Pick<Answer, 'status' | 'headers'>;

interface Exchange {
  /** Rejects if no complete response comes. */
  response: Promise<Head & { text: string }>;
  /** Of the response, once it has begun. */
  status(): number | undefined;
  /** Ends the exchange, also if it still waits for a connection: it is then not sent when it gets one. */
  cutOff(reason: unknown): void;
}

/**
 * Sends a request. It handles undici's events itself, because a response here is a short text: the stream, the signal and the
 * listeners of undici's `request` take a third of what an exchange costs.
 */
function startExchange(connections: Dispatcher, request: Dispatcher.DispatchOptions): Exchange {
  const { promise: response, resolve, reject } = Promise.withResolvers<Head & { text: string }>();
  const chunks: Buffer[] = [];
  let head: Head | undefined;
  let controller: Dispatcher.DispatchController | undefined;
  let cutOffBy: Error | undefined;
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started;
      if (cutOffBy) started.abort(cutOffBy);
    },
    onResponseStart(_controller, status, headers) {
      // The others are interim responses.
      if (status >= 200) head = { status, headers };
    },
    onResponseData: (_controller, chunk) => void chunks.push(chunk),
    onResponseEnd() {
      if (head)
        resolve({ ...head, text: decoder.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)) });
    },
    onResponseError: (_controller, error) => reject(error),
  };
  try {
    connections.dispatch(request, handler);
  } catch (error) {
    reject(error);
  }
  return {
    response,
    status: () => head?.status,
    cutOff(reason) {
      cutOffBy =
        reason instanceof Error
          ? reason
          : new Error('the caller has stopped the exchange', { cause: reason });
      controller?.abort(cutOffBy);
      reject(reason);
    },
  };
}

const decoder = new TextDecoder();

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';

  constructor() {
    super('no answer within the time limit');
  }
}

/** Responses that are not HTTP, or exceed a size limit. */
const unreadable = [errors.HTTPParserError, errors.HeadersOverflowError, errors.ResponseExceededMaxSizeError];

/** undici's messages for a 100 without a request for one, and for a 101: it closes the connection itself. */
const unasked: ReadonlySet<string> = new Set(['bad response', 'bad upgrade']);

function reasonOf(error: unknown): Fault['reason'] {
  if (error instanceof TimeoutError) return 'timeout';
  if (unreadable.some((kind) => error instanceof kind)) return 'malformed_answer';
  if (error instanceof errors.SocketError && unasked.has(error.message)) return 'malformed_answer';
  return isConnectError(error) ? 'unreachable' : 'connection_lost';
}

/** Only such an escape can write what Postgres cannot store. */
const escapedUnit = String.raw`\u`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, text.includes(escapedUnit) ? storable : undefined);
  } catch {
    return undefined;
  }
}

/** NUL and half a surrogate pair: what a statement brings to Postgres is refused as a whole because of one of them. */
function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd').toWellFormed() : value;
}
