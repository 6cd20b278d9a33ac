import { beforeAll, describe, expect, test } from 'vitest';
import { createHttpPaymentGateway } from '../../src/payment/http-payment-gateway.ts';
import { onlyRetries } from '../support/clients/settings.ts';
import { type SpawnedService, spawnService } from '../support/processes/spawn-service.ts';
import {
  type Ending,
  startTlsGateway,
  type TlsGateway,
  type TlsGatewayOptions,
} from '../support/processes/tls-gateway.ts';

const connections = 4;

describe('a gateway that prefers HTTP/2', () => {
  let gateway: TlsGateway;
  let service: SpawnedService;
  beforeAll(async () => {
    await using started = new AsyncDisposableStack();
    gateway = started.use(await startTlsGateway({ latency: 20 }));
    service = started.use(
      await spawnService({
        ...onlyRetries,
        PAYMENT_GATEWAY_URL: gateway.url,
        PAYMENT_CONNECTIONS: String(connections),
        PAYMENT_DEADLINE: '10s',
        PAYMENT_ATTEMPT_TIMEOUT: '1s',
      }),
    );
    const owned = started.move();
    return () => owned.disposeAsync();
  });

  /** Places orders at the same time. @returns the statuses that occurred */
  async function place(count: number): Promise<number[]> {
    const before = gateway.captures.size;
    const placed = await Promise.all(Array.from({ length: count }, () => service.api.place()));
    for (const { body } of placed) expect(body.paymentId).toBe(`ch_${body.id}`);
    expect(gateway.captures.size - before).toBe(count);
    return [...new Set(placed.map(({ status }) => status))];
  }

  test('a gateway that prefers HTTP/2 gets no more requests at a time than PAYMENT_CONNECTIONS', async () => {
    expect(await place(10 * connections)).toEqual([201]);
    expect(gateway.mostAtOnce).toBe(connections);
    expect([...gateway.protocols]).toEqual(['1.1']);
  });

  test('orders are paid although every connection to the gateway has gone silent', async () => {
    await place(connections);
    gateway.fallSilent();
    expect(await place(4 * connections)).toEqual([201]);
    const { requests } = gateway;
    expect(await place(4 * connections)).toEqual([201]);
    // No request was sent over a silent connection any more.
    expect(gateway.requests - requests).toBe(4 * connections);
  });

  test.each<Ending>(['closes', 'answers and closes', 'refuses', 'is cut off'])(
    'orders are paid once each when a connection to the gateway %s',
    async (ending) => {
      gateway.end(ending, ending);
      expect(await place(2 * connections)).toEqual([201]);
    },
  );
});

describe('a gateway without a connection', () => {
  test.each<[how: string, options: TlsGatewayOptions, code: RegExp]>([
    ['speaks HTTP/2 only', { http2Only: true }, /./],
    ['has a certificate that nobody vouches for', { trusted: false }, /SELF_SIGNED_CERT/],
  ])('a charge certainly did not happen when the gateway %s', async (_how, options, code) => {
    await using server = await startTlsGateway(options);
    const gateway = createHttpPaymentGateway({ baseUrl: server.url, connections, attemptTimeout: 5000 });
    const charge = { key: 'order-1', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' };
    const outcome = await gateway.charge(charge, { requestId: 'request-1' });
    await gateway.close();

    expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'unreachable' });
    expect(outcome).toHaveProperty('cause.code', expect.stringMatching(code));
    expect(server.requests).toBe(0);
  });
});
