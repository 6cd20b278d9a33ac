import { Agent, request } from 'undici';

export interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  /** Missing where no answer came. */
  status?: number;
  /** Why none came, as the socket or the deadline named it. */
  failure?: string;
  /** From sending to the end of the answer, in milliseconds. */
  duration: number;
  body: unknown;
}

export interface TrafficClient {
  /** Never throws: that no answer came is an answer. */
  call(call: Call): Promise<Reply>;
  close(): Promise<void>;
}

/** In milliseconds. The service itself gives up earlier. */
const deadline = 15_000;

/** Calls the API as one client, at each of the URLs in turn. */
export function createTrafficClient(urls: readonly string[], apiKey: string): TrafficClient {
  const agent = new Agent({ connections: 64, keepAliveTimeout: 10_000 });
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
