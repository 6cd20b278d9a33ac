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

/** A complete response. `body` is the parsed JSON, `undefined` for a text that is not JSON. */
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
    async post({ path, headers, body }, { running = options.attemptTimeout, elapsed, signal: callers } = {}) {
      const aborting = new AbortController();
      const signal = callers ? AbortSignal.any([aborting.signal, callers]) : aborting.signal;
      const { promise: timedOut, reject } = Promise.withResolvers<never>();
      const limit = startTimeLimit({ running, elapsed: elapsed ?? Number.POSITIVE_INFINITY }, () => {
        const error = new TimeoutError();
        aborting.abort(error);
        // A request that still waits for a connection would notice only when it gets one.
        reject(error);
      });
      let status: number | undefined;
      async function exchange(): Promise<Answer> {
        const request = { origin, method: 'POST', path: basePath + path, headers, body, signal } as const;
        const response: Dispatcher.ResponseData = await connections.request(request);
        status = response.statusCode;
        const text = await response.body.text();
        return { kind: 'answer', status, headers: response.headers, body: parseJson(text) };
      }
      try {
        return await Promise.race([exchange(), timedOut]);
      } catch (cause) {
        return { kind: 'fault', reason: callers?.aborted ? 'cut_off' : reasonOf(cause), status, cause };
      } finally {
        limit.clear();
      }
    },
    close: () => connections.close(),
  };
}

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';

  constructor() {
    super('no answer within the time limit');
  }
}

/** Responses that are not HTTP, or exceed a size limit. */
const unreadable = [errors.HTTPParserError, errors.HeadersOverflowError, errors.ResponseExceededMaxSizeError];

function reasonOf(error: unknown): Fault['reason'] {
  if (error instanceof TimeoutError) return 'timeout';
  if (unreadable.some((kind) => error instanceof kind)) return 'malformed_answer';
  return isConnectError(error) ? 'unreachable' : 'connection_lost';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
