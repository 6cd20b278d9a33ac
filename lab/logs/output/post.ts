import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';

/** What a receiver answered. */
export interface Answer {
  status: number;
  retryAfter: string | undefined;
  /** Its beginning, if it is very long. */
  body: Buffer;
}

export interface Poster {
  /** @throws {Error} if there is no whole answer in time, and the reason of the signal once it aborts */
  post(body: Uint8Array, signal: AbortSignal): Promise<Answer>;
  close(): void;
}

/** Bytes of an answer that are read: a receiver must not fill the memory. */
const longestAnswer = 64 * 1024;

export interface PosterOptions {
  headers: Readonly<Record<string, string>>;
  connections: number;
  /** Milliseconds for one request. */
  timeout: number;
  /** A body is sent again at once, because its connection was closed while it was unused. */
  repeated(): void;
}

/**
 * Sends bodies to one address over connections that are kept.
 *
 * With Node's own client, because undici, which the service has, takes a sixth of the memory that this program may have.
 */
export async function createPoster(url: URL, options: PosterOptions): Promise<Poster> {
  const agentOptions = { keepAlive: true, maxSockets: options.connections };
  // TLS is loaded where it is needed.
  const https = url.protocol === 'https:' ? await import('node:https') : undefined;
  const agent = https === undefined ? new Agent(agentOptions) : new https.Agent(agentOptions);
  const send = https === undefined ? request : https.request;

  function attempt(body: Uint8Array, signal: AbortSignal): Promise<Answer | 'again'> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer | 'again'>();
    const headers = { ...options.headers, 'content-length': body.length };
    const requestOptions: RequestOptions = { method: 'POST', agent, headers, signal };
    const outgoing = send(url, requestOptions, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The receiver may have closed the connection before it had the request. A new one tells what is the matter.
      if (error.code === 'ECONNRESET' && outgoing.reusedSocket) resolve('again');
      else reject(error);
    });
    outgoing.end(body);
    return promise;
  }

  return {
    async post(body, giveUp) {
      const timeUp = AbortSignal.timeout(options.timeout);
      const signal = AbortSignal.any([giveUp, timeUp]);
      try {
        for (;;) {
          const answer = await attempt(body, signal);
          if (answer !== 'again') return answer;
          options.repeated();
        }
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    },
    close: () => agent.destroy(),
  };
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > longestAnswer) break;
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    body: Buffer.concat(chunks),
  };
}
