import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { teaOrder } from './api-client.ts';

/** The outcome of one order that a client sent. */
export type Attempt =
  | { kind: 'answered'; key: string; status: number; orderStatus: string; connectionKept: boolean }
  /** No answer arrived. The reason is the code of the client's socket error. */
  | { kind: 'lost'; key: string; reason: string };

/**
 * Places one order after the other over a keep-alive connection, as fast as they are answered, until the service no longer
 * accepts a connection.
 *
 * @param mayConnect called before each new connection, like a load balancer; when it returns false, the client stops
 */
export async function keepPlacingOrders(
  url: string,
  attempts: Attempt[],
  mayConnect: () => boolean = () => true,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let connected = false;
  while (connected || mayConnect()) {
    const attempt = await placeOrder(url, agent);
    attempts.push(attempt);
    if (attempt.kind === 'lost') break;
    connected = attempt.connectionKept;
  }
  agent.destroy();
}

function placeOrder(url: string, agent: Agent): Promise<Attempt> {
  const key = randomUUID();
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const sent = request(`${url}/orders`, {
    method: 'POST',
    agent,
    headers: {
      authorization: 'Bearer shop-key',
      'content-type': 'application/json',
      'idempotency-key': key,
    },
  });
  sent.on('response', (response) => {
    let text = '';
    response.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    response.on('end', () => {
      const { status: orderStatus } = JSON.parse(text) as { status: string };
      const connectionKept = response.headers.connection !== 'close';
      resolve({ kind: 'answered', key, status: response.statusCode ?? 0, orderStatus, connectionKept });
    });
    // A partial answer counts as none.
    response.on('error', lose);
  });
  sent.on('error', lose);
  sent.end(JSON.stringify(teaOrder));
  return promise;

  function lose(error: NodeJS.ErrnoException): void {
    resolve({ kind: 'lost', key, reason: error.code ?? error.message });
  }
}
