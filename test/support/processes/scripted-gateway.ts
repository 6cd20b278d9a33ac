import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** A charge request as it arrived. */
export interface SeenCharge {
  key: string;
  amountMinor: number;
  currency: string;
  paymentToken: string;
  headers: IncomingHttpHeaders;
  /** Milliseconds on the clock of `performance.now()`. */
  at: number;
}

export interface ScriptedAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Sent as JSON; a text is sent unchanged. */
  body?: object | string;
  /** The bytes of the whole answer, which replace all the above. */
  raw?: string;
}

/** Returns the answer to a request, now or later, or that there is none. */
export type Script = (charge: SeenCharge) => ScriptedAnswer | 'silence' | Promise<ScriptedAnswer>;

/** A gateway whose answers the test writes, for behaviour that the simulator lacks and for exact sequences. */
export interface ScriptedGateway extends AsyncDisposable {
  url: string;
  /** Every request so far, in order. */
  charges: SeenCharge[];
  /** Replaces the script for further requests. */
  follow(script: Script): void;
  /** Stops listening and drops every connection. */
  close(): Promise<void>;
}

export const approve = ({ key, amountMinor, currency }: SeenCharge): ScriptedAnswer => ({
  status: 201,
  body: { id: `ch_${key}`, status: 'succeeded', amountMinor, currency },
});

export const fail = (): ScriptedAnswer => ({ status: 500, body: { code: 'gateway_error' } });

/** Answers 429 with Retry-After. */
export const busyFor = (seconds: number) => (): ScriptedAnswer => ({
  status: 429,
  headers: { 'retry-after': String(seconds) },
});

/** Uses each script once, in order, then approves every charge. */
export function inTurn(...scripts: readonly Script[]): Script {
  const queue = [...scripts];
  return (charge) => (queue.shift() ?? approve)(charge);
}

export async function startScriptedGateway(script: Script = approve): Promise<ScriptedGateway> {
  let current = script;
  const charges: SeenCharge[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const at = performance.now();
      // A cancellation has no body.
      const body = JSON.parse((await text(request)) || '{}') as Omit<SeenCharge, 'key' | 'headers' | 'at'>;
      const { headers } = request;
      const charge = { ...body, key: String(headers['idempotency-key']), headers, at };
      charges.push(charge);
      send(response, await current(charge));
    })();
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  async function close() {
    const { promise: closed, resolve: done } = Promise.withResolvers<unknown>();
    server.close(done);
    server.closeAllConnections();
    await closed;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    charges,
    follow(next) {
      current = next;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function send(response: ServerResponse, answer: ScriptedAnswer | 'silence'): void {
  if (answer === 'silence') return;
  const { status, headers, body = '', raw } = answer;
  if (raw !== undefined) {
    response.socket?.end(raw);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
