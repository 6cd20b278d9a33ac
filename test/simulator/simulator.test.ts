import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { StartupError } from '../../src/errors.ts';
import { startSimulator } from '../../lab/simulator/server.ts';
import { useSimulator, visa } from '../support/processes/simulator.ts';

const simulator = useSimulator();
const { call, callJson, charge, cancel, captures, ledger } = simulator;

describe('POST /charges', () => {
  test('POST /charges charges once and replays the answer to a repeated request', async () => {
    const body = { ...visa, reference: 'order 1' };
    const first = await charge('k', body);
    expect(first).toMatchObject({
      status: 201,
      body: {
        id: expect.stringMatching(/^ch_/),
        status: 'succeeded',
        amountMinor: 900,
        currency: 'EUR',
        key: 'k',
      },
    });
    expect(first.headers.get('idempotency-replayed')).toBeNull();

    const again = await charge('k', body);
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await ledger()).toMatchObject({
      charges: [{ key: 'k', status: 'succeeded', captures: 1, attempts: 2 }],
      totals: { captured: 1, capturedMinor: { EUR: 900 }, duplicates: 0 },
    });
  });

  test.each([
    ['amount', { ...visa, amountMinor: 901 }],
    ['token', { ...visa, paymentToken: 'tok_amex' }],
    ['reference', { ...visa, reference: 'b' }],
  ])('POST /charges refuses a used key with another %s', async (_what, body) => {
    await charge('k');
    const refused = await charge('k', body);
    expect(refused).toMatchObject({ status: 422, body: { status: 422, code: 'idempotency_key_reused' } });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
  });

  test.each([
    ['tok_declined', 'card_declined'],
    ['tok_insufficient_funds', 'insufficient_funds'],
    ['tok_expired_card', 'expired_card'],
    ['tok_fraud', 'fraud_suspected'],
    ['tok_of_nobody', 'invalid_token'],
    ['constructor', 'invalid_token'],
  ])('POST /charges declines %s every time', async (paymentToken, declineCode) => {
    const first = await charge('k', { ...visa, paymentToken });
    const body = { status: 402, code: 'card_declined', declineCode, key: 'k' };
    expect(first).toMatchObject({ status: 402, body });

    const again = await charge('k', { ...visa, paymentToken });
    expect(again).toMatchObject({ status: 402, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await captures('k')).toBe(0);
  });

  test('POST /charges charges once for many concurrent requests with one key', async () => {
    await simulator.faults({ latencyJitterMs: 20 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => charge('k')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await captures('k')).toBe(1);
  });

  test.each([
    ['no key', {}, visa, '/idempotency-key', 'is missing'],
    [
      'a key with a space',
      { 'idempotency-key': 'a b' },
      visa,
      '/idempotency-key',
      /^must be 1 to 255 visible/,
    ],
    [
      'a key that is too long',
      { 'idempotency-key': 'k'.repeat(256) },
      visa,
      '/idempotency-key',
      /^must be 1 to 255/,
    ],
    [
      'a string as amount',
      { 'idempotency-key': 'k' },
      { ...visa, amountMinor: '9' },
      '/amountMinor',
      /^must be/,
    ],
    [
      'a negative amount',
      { 'idempotency-key': 'k' },
      { ...visa, amountMinor: -1 },
      '/amountMinor',
      /^must be/,
    ],
    [
      'a lower-case currency',
      { 'idempotency-key': 'k' },
      { ...visa, currency: 'eur' },
      '/currency',
      /ISO 4217/,
    ],
    ['an unknown field', { 'idempotency-key': 'k' }, { ...visa, 'a/b': 1 }, '/a~1b', 'is not known'],
    ['a list', { 'idempotency-key': 'k' }, [visa], '', 'must be a JSON object'],
  ])('POST /charges refuses %s', async (_what, headers: Record<string, string>, body, pointer, detail) => {
    const errors = [{ pointer, detail: expect.stringMatching(detail) }];
    const refused = { status: 400, body: { code: 'invalid_request', errors } };
    expect(await callJson('POST', '/charges', { headers, body })).toMatchObject(refused);
    expect((await ledger()).charges).toEqual([]);
  });

  test.each([
    ['longest', '%'.repeat(255)],
    ['oddest', 'order/1?a=b#c'],
  ])('the %s valid key works in the header and in the path', async (_which, key) => {
    expect(await charge(key)).toMatchObject({ status: 201 });
    expect(await cancel(key)).toMatchObject({ status: 200, body: { key, status: 'cancelled', captures: 1 } });
  });
});

describe('cancelling', () => {
  test('cancelling refunds a charge permanently', async () => {
    await charge('k');
    const chargeId = (await ledger()).charges[0]?.chargeId;
    const first = await cancel('k');
    expect(first).toMatchObject({
      status: 200,
      body: { key: 'k', status: 'cancelled', chargeId, captures: 1 },
    });
    expect(await cancel('k')).toMatchObject({ status: 200, body: first.body });
    expect(await charge('k')).toMatchObject({ status: 409, body: { code: 'charge_cancelled' } });
    expect((await ledger()).totals).toMatchObject({ captured: 0, capturedMinor: {}, cancelled: 1 });
  });

  test('cancelling prevents a charge that has not arrived yet', async () => {
    const body = { status: 'cancelled', chargeId: null, captures: 0 };
    expect(await cancel('k')).toMatchObject({ status: 200, body });
    expect(await charge('k')).toMatchObject({ status: 409, body: { code: 'charge_cancelled' } });
    expect(await captures('k')).toBe(0);
  });

  test('cancelling prevails over a charge in progress', async () => {
    const inProgress = charge('k', { ...visa, paymentToken: 'tok_slow' });
    await cancel('k');
    expect(await inProgress).toMatchObject({ status: 409 });
    expect(await captures('k')).toBe(0);
  });

  test('cancelling leaves a declined charge declined', async () => {
    await charge('k', { ...visa, paymentToken: 'tok_declined' });
    expect(await cancel('k')).toMatchObject({ status: 200, body: { status: 'declined', chargeId: null } });
  });
});

describe('the ledger', () => {
  test('GET /charges/:key shows one charge', async () => {
    await charge('k', visa, { 'x-request-id': 'request-1' });
    await charge('k', visa, { 'x-request-id': 'request-2' });
    const body = { key: 'k', status: 'succeeded', attempts: 2, requestId: 'request-1' };
    expect(await callJson('GET', '/charges/k')).toMatchObject({ status: 200, body });

    const missing = { status: 404, body: { code: 'charge_not_found' } };
    expect(await callJson('GET', '/charges/other')).toMatchObject(missing);
  });

  test('GET /ledger lists the newest charges first, filtered, with the totals of all', async () => {
    await charge('a');
    await charge('b');
    await charge('c');
    const { charges, totals } = await ledger('?limit=2');
    expect(charges.map(({ key }) => key)).toEqual(['c', 'b']);
    expect(totals.captured).toBe(3);
    expect((await ledger('?key=a')).charges).toHaveLength(1);
    expect(JSON.stringify(charges)).not.toContain('tok_');

    const refused = { status: 400, body: { errors: [{ pointer: '/limit' }] } };
    expect(await callJson('GET', '/ledger?limit=all')).toMatchObject(refused);
  });
});

test('each charge request logs one line without the card token', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await charge('k', visa, { 'x-request-id': 'request-1', traceparent });
  expect(JSON.parse(simulator.log)).toMatchObject({
    msg: 'charge',
    request_id: 'request-1',
    traceparent,
    key: 'k',
    attempt: 1,
    outcome: 'succeeded',
    fault: 'none',
    status: 201,
  });
  expect(simulator.log).not.toContain('tok_');
});

test('GET / lists tokens and faults with the address of the request', async () => {
  const { text, headers } = await call('GET', '/');
  expect(headers.get('content-type')).toContain('text/plain');
  for (const part of ['tok_visa', 'tok_unknown_outcome', 'slowSuccessDelayMs', `${simulator.url}/faults`]) {
    expect(text).toContain(part);
  }
});

test('an unknown route answers with a problem', async () => {
  const body = { status: 404, code: 'not_found' };
  expect(await callJson('GET', '/nothing')).toMatchObject({ status: 404, body });
});

describe('the process', () => {
  test('startSimulator names a taken port and the variable to change', async () => {
    const port = Number(new URL(simulator.url).port);
    const second = startSimulator({ host: '127.0.0.1', port, logger: pino({ enabled: false }) });
    await expect(second).rejects.toThrow(
      new StartupError(
        `Port ${port} on 127.0.0.1 is taken. Set SIMULATOR_PORT to another one, or to 0 for any free one.`,
      ),
    );
  });

  test('the simulator ends at once with exit code 0 on SIGINT while requests hang', async () => {
    const child = fork('lab/simulator/main.ts', {
      env: { ...process.env, SIMULATOR_PORT: '0' },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [announcement] = await once(child, 'message');
    expect(announcement).toEqual({
      type: 'listening',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });

    const hanging = ['tok_timeout', 'tok_unknown_outcome', 'tok_slow'].map((paymentToken) =>
      fetch(`${announcement.url}/charges`, {
        method: 'POST',
        headers: { 'idempotency-key': paymentToken, 'content-type': 'application/json' },
        body: JSON.stringify({ ...visa, paymentToken }),
      }),
    );
    await sleep(100);
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    const outcomes = await Promise.allSettled(hanging);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await exit).toEqual([0, null]);
  });
});
