import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { type ServiceProcess, spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { serviceEnvironment, spawnService, spawnSurroundings } from '../support/processes/spawn-service.ts';
import { hiccup, timed } from '../support/clients/timing.ts';

async function changeLevel(adminUrl: string, change: unknown) {
  const response = await fetch(`${adminUrl}/log-level`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: typeof change === 'string' ? change : JSON.stringify(change),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, type: response.headers.get('content-type'), body };
}

async function levelsOf(adminUrl: string) {
  return (await fetch(`${adminUrl}/log-level`)).json();
}

describe('PUT /log-level', () => {
  const components = ['postgres', 'payment', 'orders', 'http', 'admission'];
  const all = (level: string) => Object.fromEntries(components.map((name) => [name, { level }]));

  test('PUT /log-level changes the level of one component or of all at once', async () => {
    await using service = await spawnService({ LOG_LEVEL: 'info' });
    const settled = () => service.logs.filter(({ event }) => event === 'order.settled');
    await service.api.place();
    expect(settled()).toHaveLength(0);

    const changed = await changeLevel(service.adminUrl, { level: 'debug', component: 'orders' });
    expect(changed).toMatchObject({
      status: 200,
      body: { level: 'info', components: { ...all('info'), orders: { level: 'debug' } } },
    });
    await service.api.place();
    expect(settled()).toMatchObject([{ level: 'debug', component: 'orders' }]);

    await changeLevel(service.adminUrl, { level: 'error' });
    expect(await levelsOf(service.adminUrl)).toEqual({ level: 'error', components: all('error') });
    const before = service.logs.length;
    await service.api.place();
    expect(service.logs).toHaveLength(before);
  });

  test('PUT /log-level and LOG_LEVEL take the levels of several components', async () => {
    await using service = await spawnService({ LOG_LEVEL: 'warn,orders=debug' });
    await service.api.place();
    expect(service.logs.map(({ event }) => event)).toEqual(['order.settled']);
    const changed = await changeLevel(service.adminUrl, { level: 'silent,http=info' });
    expect(changed.body).toEqual({
      level: 'silent',
      components: { ...all('silent'), http: { level: 'info' } },
    });
    await service.api.place();
    // The alert on errors in the log is blind now, which a line says although its level is left out, too.
    expect(service.logs.map(({ event }) => event)).toEqual([
      'order.settled',
      'config.warning',
      'http.request',
    ]);
  });

  test('PUT /log-level with minutes reverts after them', async () => {
    await using service = await spawnService({ LOG_LEVEL: 'info' });
    const { body } = await changeLevel(service.adminUrl, { level: 'debug', minutes: 0.02 });
    expect(body).toMatchObject({ level: 'debug', until: expect.stringMatching(/Z$/) });
    await expect.poll(() => levelsOf(service.adminUrl)).toEqual({ level: 'info', components: all('info') });
  });

  test('PUT /log-level rejects an invalid change with problem details and changes nothing', async () => {
    await using service = await spawnService({ LOG_LEVEL: 'info' });
    const refused: Array<[unknown, object]> = [
      [
        { level: 'loud' },
        { errors: [{ in: 'body', pointer: '/level', detail: expect.stringMatching(/trace, debug/) }] },
      ],
      [
        { level: 'info,paymnt=debug' },
        { errors: [{ pointer: '/level', detail: expect.stringMatching(/payment/) }] },
      ],
      [{ level: 'info,http=debug', component: 'http' }, { errors: [{ pointer: '/level' }] }],
      [{}, { errors: [{ in: 'body', pointer: '/level', detail: 'is missing' }] }],
      [
        { level: 'debug', minute: 5 },
        { errors: [{ in: 'body', pointer: '/minute', detail: 'is not known' }] },
      ],
      [{ level: 'debug', minutes: '5' }, { errors: [{ pointer: '/minutes' }] }],
      [{ level: 'debug', minutes: 0 }, { errors: [{ pointer: '/minutes' }] }],
      [
        { level: 'debug', component: 'paymnt' },
        { errors: [{ in: 'body', pointer: '/component', detail: expect.stringMatching(/payment/) }] },
      ],
    ];
    for (const [change, problem] of refused) {
      const { status, type, body } = await changeLevel(service.adminUrl, change);
      expect({ status, type }).toEqual({ status: 400, type: 'application/problem+json; charset=utf-8' });
      expect(body).toMatchObject({ code: 'invalid_request', requestId: expect.any(String), ...problem });
    }
    expect(await changeLevel(service.adminUrl, '{"level":')).toMatchObject({
      status: 400,
      body: { code: 'malformed_request' },
    });
    expect(await levelsOf(service.adminUrl)).toEqual({ level: 'info', components: all('info') });
  });
});

describe('secrets that a client sends', () => {
  const card = '4111111111111111';
  const email = 'jane.doe@example.com';
  const secrets = [card, email, 'sk_canary_key', 'tok_canary'];
  const canary = secrets.join(' ');

  test('secrets that a client sends are in no log line, for any part of a request and any outcome', async () => {
    await using service = await spawnService({ LOG_LEVEL: 'trace' });
    const headers = { 'x-custom': canary, cookie: `card=${card}`, 'user-agent': canary, referer: canary };
    const place = (order: unknown, more: Record<string, string> = {}) =>
      fetch(`${service.url}/orders`, {
        method: 'POST',
        headers: {
          authorization: 'Bearer shop-key',
          'content-type': 'application/json',
          ...headers,
          ...more,
        },
        body: typeof order === 'string' ? order : JSON.stringify(order),
      }).then(({ status }) => status);

    const statuses = [
      await place({ ...teaOrder, paymentToken: 'tok_canary' }),
      await place(teaOrder, { 'idempotency-key': `${email}-${card}` }),
      await place({ ...teaOrder, customerId: `${email} ${card}` }),
      await place({ ...teaOrder, [canary]: canary }),
      await place({ ...teaOrder, items: [{ sku: canary, quantity: card, unitPriceMinor: Number(card) }] }),
      await place(`{"paymentToken": ${canary}`),
      await place(canary, { 'content-type': canary.replaceAll(' ', '') }),
      await place(teaOrder, { authorization: 'Bearer sk_canary_key' }),
      await fetch(`${service.url}/${encodeURIComponent(canary)}?q=${card}`, { headers }).then(
        (r) => r.status,
      ),
    ];
    expect(new Set(statuses)).toContain(400);
    await service.database.sql('ALTER TABLE orders RENAME COLUMN customer_id TO elsewhere');
    expect(await place({ ...teaOrder, customerId: card })).toBe(500);

    const text = JSON.stringify(service.logs);
    expect(service.logs.filter(({ event }) => event === 'http.request').length).toBeGreaterThanOrEqual(10);
    for (const secret of secrets) expect(text).not.toContain(secret);
  });
});

describe('a stdout without a reader', () => {
  const requests = 15_000;

  /** Fills the log buffer beyond its capacity by requests that the service refuses at once. */
  async function flood({ url }: ServiceProcess): Promise<void> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).setEncoding('latin1');
    const request = `GET /nothing HTTP/1.1\r\nhost: x\r\nx-request-id: ${'r'.repeat(128)}\r\n\r\n`;
    // No more at a time than a connection may have waiting.
    const together = 100;
    let answers = 0;
    for (let sent = 0; sent < requests; sent += together) {
      socket.write(request.repeat(together));
      while (answers < sent + together) {
        const [text] = (await once(socket, 'data')) as [string];
        answers += text.split('HTTP/1.1 404').length - 1;
      }
    }
    socket.destroy();
  }

  async function counterOf({ adminUrl }: ServiceProcess, sample: string): Promise<number> {
    const text = await (await fetch(`${adminUrl}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(sample))
        ?.split(' ')[1] ?? 0,
    );
  }

  test('a blocked stdout stalls nothing, and lost lines are counted, and logged once it recovers', async () => {
    await using around = await spawnSurroundings();
    const env = serviceEnvironment(around.database.url, around.gateway.url);
    const service = await spawnServiceProcess({ env });
    const linesBefore = service.logs.length;
    service.child.stdout?.pause();

    await flood(service);
    const { took } = await timed(() => fetch(`${service.adminUrl}/livez`));
    expect(took).toBeLessThan(hiccup);
    const dropped = await counterOf(service, 'telemetry_dropped_total{signal="logs",reason="overflow"}');
    expect(dropped).toBeGreaterThan(0);
    expect(await counterOf(service, 'log_messages_total{level="info"}')).toBeGreaterThanOrEqual(requests);

    service.child.stdout?.resume();
    const dropLine = () => service.logs.find(({ event }) => event === 'log.dropped');
    await expect.poll(dropLine, { timeout: 10_000 }).toMatchObject({ level: 'warn', lines: dropped });
    const seen = service.logs.slice(linesBefore).filter(({ event }) => event === 'http.request');
    expect(seen).toHaveLength(requests - dropped);
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    expect(service.logs.at(-1)).toMatchObject({ event: 'service.stopped' });
  });

  test('a blocked stdout does not delay the end of the service', async () => {
    await using around = await spawnSurroundings();
    const env = serviceEnvironment(around.database.url, around.gateway.url);
    const service = await spawnServiceProcess({ env });
    service.child.stdout?.pause();
    await flood(service);
    const ended = once(service.child, 'exit');
    service.child.kill('SIGTERM');
    const { result, took } = await timed(() => Promise.race([ended, delay(10_000, ['it did not end'])]));
    expect(result).toEqual([0, null]);
    expect(took).toBeLessThan(2000 + hiccup);
    // The rest of the pipe ends in the middle of a line.
    service.exited.catch(() => {});
    service.child.stdout?.destroy();
  });
});
