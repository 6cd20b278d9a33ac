import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { traceRequest } from '../../lab/console/otlp/messages.ts';
import { decode } from '../../lab/console/otlp/protobuf.ts';
import { spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { outgoingProxy } from '../../src/config/outgoing-proxy.ts';
import { createHttpPaymentGateway } from '../../src/payment/http-payment-gateway.ts';
import { createApiClient } from '../support/clients/api-client.ts';
import { selfSignedCertificate } from '../support/generators/self-signed-certificate.ts';
import { type ConnectProxy, type ProxyMood, startConnectProxy } from '../support/processes/connect-proxy.ts';
import { serviceEnvironment, spawnSurroundings } from '../support/processes/spawn-service.ts';
import { startTlsGateway } from '../support/processes/tls-gateway.ts';

// RFC 6761 reserves `.test`: these names resolve nowhere but in the proxy.
const gatewayHost = 'gateway.test';
const collectorHost = 'collector.test';

/** An OTLP receiver over TLS that prefers HTTP/2, as hosted ones do. */
async function startTlsCollector() {
  const { cert, key } = selfSignedCertificate(collectorHost);
  const protocols = new Set<string>();
  const spans: string[] = [];
  const server = createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
    protocols.add(request.httpVersion);
    void buffer(request).then((body) => {
      spans.push(...decode(traceRequest, body).map(({ name }) => name));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    cert,
    protocols,
    spans,
    url: `https://${collectorHost}:${port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

test('the payment gateway and the OTLP receiver are reached through HTTPS_PROXY, over HTTP/1.1', async () => {
  await using started = new AsyncDisposableStack();
  const proxy = started.use(await startConnectProxy());
  const gateway = started.use(await startTlsGateway({ hostname: gatewayHost }));
  const collector = started.use(await startTlsCollector());
  const { database } = started.use(await spawnSurroundings());
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-proxy-'));
  started.defer(() => rm(folder, { recursive: true }));
  const trusted = path.join(folder, 'trusted.pem');
  await writeFile(trusted, gateway.cert + collector.cert);
  const service = await spawnServiceProcess({
    env: {
      ...serviceEnvironment(database.url, gateway.url),
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: trusted,
      OTEL_SDK_DISABLED: 'false',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_LOGS_EXPORTER: 'none',
    },
  });
  started.defer(() => service.kill());

  const api = await createApiClient(service.url, 'shop-key');
  expect((await api.place()).status).toBe(201);
  await expect.poll(() => collector.spans).toContain('POST /charges');
  expect(new Set(proxy.targets)).toEqual(
    new Set([gateway.url, collector.url].map((url) => url.replace('https://', ''))),
  );
  expect(proxy.credentials).toBe('orders:hush-hush');
  expect([...gateway.protocols, ...collector.protocols]).toEqual(['1.1', '1.1']);
  expect(collector.spans.filter((name) => name.includes('CONNECT'))).toEqual([]);
  expect(JSON.stringify(service.logs)).not.toContain('hush-hush');
});

describe('a proxy between the service and the gateway', () => {
  const charge = { key: 'order-1', amountMinor: 900, currency: 'EUR', paymentToken: 'tok_visa' };

  function gatewayBehind(proxy: ConnectProxy, url: string, except = '') {
    const options = { baseUrl: url, connections: 1, attemptTimeout: 2000 };
    return createHttpPaymentGateway({ ...options, proxy: outgoingProxy(proxy.url, except) });
  }

  test.each<[mood: ProxyMood, code: RegExp]>([
    ['refuse', /407/],
    ['hang up', /Proxy Connection failed/],
  ])('a charge certainly did not happen when the proxy decides to %s', async (mood, message) => {
    await using proxy = await startConnectProxy();
    proxy.behave(mood);
    const gateway = gatewayBehind(proxy, `https://${gatewayHost}`);
    const outcome = await gateway.charge(charge, { requestId: 'request-1' });
    await gateway.close();

    expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'unreachable' });
    expect(outcome).toHaveProperty('cause.message', expect.stringMatching(message));
  });

  test('charges go through as soon as a proxy answers again that had fallen silent', async () => {
    await using proxy = await startConnectProxy();
    await using server = await startTlsGateway({ hostname: gatewayHost });
    proxy.behave('never answer');
    const gateway = gatewayBehind(proxy, server.url);
    const silent = await gateway.charge(charge, { requestId: 'request-1' });
    expect(silent).toMatchObject({ reason: expect.stringMatching(/timeout|unreachable/) });

    proxy.behave('open');
    await expect
      .poll(() => gateway.charge(charge, { requestId: 'request-1' }), { timeout: 15_000 })
      .toMatchObject({ kind: 'succeeded' });
    await gateway.close();
  });

  test.each([gatewayHost, '.test', '*'])(
    'a gateway is reached without the proxy with NO_PROXY=%s',
    async (except) => {
      await using proxy = await startConnectProxy();
      const gateway = gatewayBehind(proxy, `https://${gatewayHost}`, except);
      const outcome = await gateway.charge(charge, { requestId: 'request-1' });
      await gateway.close();
      expect(outcome).toMatchObject({
        reason: 'unreachable',
        cause: { code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) },
      });
      expect(proxy.targets).toEqual([]);
    },
  );

  test('a gateway on this machine is reached without the proxy', async () => {
    await using proxy = await startConnectProxy();
    await using server = await startTlsGateway();
    const gateway = gatewayBehind(proxy, server.url);
    expect(await gateway.charge(charge, { requestId: 'request-1' })).toMatchObject({ kind: 'succeeded' });
    await gateway.close();
    expect(proxy.targets).toEqual([]);
  });
});
