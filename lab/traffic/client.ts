import { Agent, request } from 'undici';

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  /** Missing if there was no answer. */
  status?: number;
  /** Why there was none: an error code, or the error's name. */
  failure?: string;
  /** Milliseconds from sending the request to the end of the answer. */
  duration: number;
  body: unknown;
}

export interface TrafficClient {
  /** Never throws: a missing answer is a result, too. */
  call(call: Call): Promise<Reply>;
  close(): Promise<void>;
}

/** Milliseconds. The service itself gives up earlier. */
const deadline = 15_000;

/** Calls the API as one client, at the URLs in turn. */
export function createTrafficClient(urls: readonly string[], apiKey: string): TrafficClient {
  // Over HTTP/2, calls that are cut off would leave a silent connection in use.
  const agent = new Agent({ connections: 64, keepAliveTimeout: 10_000, allowH2: false });
  let turn = 0;

  return {
    async call({ method, path, body, headers }) {
      const url = new URL(path, urls[turn % urls.length]);
      turn += 1;
      const startedAt = performance.now();
      try {
        const { statusCode, body: answer } = await request(url, {
          method,
          dispatcher: agent,
          signal: AbortSignal.timeout(deadline),
          headers: {
            authorization: `Bearer ${apiKey}`,
            'user-agent': 'observable-orders-traffic',
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
          },
          body: body === undefined ? null : JSON.stringify(body),
        });
        const text = await answer.text();
        return { status: statusCode, duration: performance.now() - startedAt, body: parse(text) };
      } catch (error) {
        return { failure: nameOf(error), duration: performance.now() - startedAt, body: undefined };
      }
    },
    close: () => agent.close(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
