import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { canaries, canaryKey, sightings } from '../support/generators/canaries.ts';
import {
  adminRequests,
  clientRequests,
  gatewayAnswers,
  repeatOrder,
  sendMalformed,
} from '../support/generators/canary-traffic.ts';
import type { NamedRequest, RequestDocument } from '../support/generators/described-requests.ts';
import { type HttpAnswer, send } from '../support/clients/http-exchange.ts';
import { fail, inTurn, startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import { spawnTracedService, type TracedService, valueOf } from '../support/processes/traced-service.ts';

/**
 * A card number, an API key and an e-mail address go through everything that takes a text, and are then looked for in
 * everything that leaves the service. They may be in three places: in the request to the gateway; in the body of an
 * answer of success, which gives the owner of an order that order back; and in the address of a redirection, which
 * repeats the query that the client goes on with. An idempotency key is given back to nobody, and a request id only
 * where it holds none of the three.
 */

/** Goes the same way as the canaries and may be seen: where it is not, a canary would not be either. */
const harmless = 'harmless-7f3a2b';

const settings = {
  // The client whose key is the canary sends all requests.
  API_KEYS: `shop:shop-key,vault:${canaryKey}`,
  LOG_LEVEL: 'trace',
  DATABASE_DEADLINE: '300ms',
  BREAKER_VOLUME: '100000',
  // Nobody is turned away unread, and what a proxy says of a client is believed.
  ADMISSION: 'off',
  RATE_LIMIT_MAX: '0',
  RATE_LIMIT_ADDRESS_MAX: '0',
  AUTH_FAILURE_MAX: '0',
  TRUST_PROXY: '127.0.0.1',
  OTEL_TRACES_SAMPLER: 'always_on',
  OTEL_LOGS_EXPORTER: 'otlp',
  // What is dropped is not looked at.
  OTEL_BSP_MAX_QUEUE_SIZE: '100000',
  OTEL_BLRP_MAX_QUEUE_SIZE: '100000',
};

interface Run {
  mode: 'lean' | 'auto';
  texts: readonly string[];
}

/** What differs between the two is who writes the spans: for the second, one spelling of each will do. */
const runs: readonly Run[] = [
  { mode: 'lean', texts: [...canaries.flatMap((canary) => canary.spellings), harmless] },
  { mode: 'auto', texts: [...canaries.flatMap((canary) => canary.spellings.slice(0, 1)), harmless] },
];

/** Something that left the service. */
interface Told {
  by: string;
  text: string;
  status?: number;
}

function note(told: Told[], what: string, { status, head, body }: HttpAnswer): void {
  const succeeded = status >= 200 && status < 300;
  const redirected = status >= 300 && status < 400;
  const text = redirected ? body : succeeded ? head : `${head}\n${body}`;
  told.push({ by: `answer ${status} to ${what}`, text, status });
}

/** Ends the service, and notes what it told while it lived. */
async function noteTelemetry(told: Told[], { process, receiver, scrape }: TracedService): Promise<void> {
  const metrics = await fetch(`${process.adminUrl}/metrics`);
  told.push({ by: 'metrics', text: await metrics.text() });
  expect(valueOf(await scrape(), 'telemetry_dropped_total')).toBe(0);
  expect(await process.stop()).toEqual({ code: 0, signal: null });
  told.push(
    { by: 'stdout', text: process.logs.map((line) => JSON.stringify(line)).join('\n') },
    { by: 'stderr', text: process.complaints() },
    ...receiver.spans.map((span) => ({ by: `span ${span.name}`, text: toText(span) })),
    ...receiver.logs.map((log) => ({ by: 'log record', text: toText(log) })),
    // With all that the receiver does not decode, such as trace states.
    ...receiver.received.map(({ path, body }) => ({
      by: `export to ${path}`,
      text: body.toString('latin1'),
    })),
  );
}

function toText(value: object): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}

async function sendAll(told: Told[], url: string, requests: readonly NamedRequest[]): Promise<void> {
  const queue = requests.values();
  const lanes = Array.from({ length: 8 }, async () => {
    for (const { what, request } of queue) note(told, what, await send(url, request));
  });
  await Promise.all(lanes);
}

/** Clients and operators, and a database that quotes what it is given. */
async function throughRequests({ mode, texts }: Run, told: Told[]): Promise<void> {
  await using traced = await spawnTracedService({ ...settings, TELEMETRY_INSTRUMENTATION: mode });
  const { url, adminUrl } = traced.process;
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as RequestDocument;
  for (const text of texts) {
    await sendAll(told, url, clientRequests(text, document, canaryKey));
    await sendAll(told, adminUrl, adminRequests(text));
    for (const answer of await sendMalformed(url, text)) note(told, 'what is no HTTP', answer);
    if (/^[!-~]+$/.test(text))
      for (const answer of await repeatOrder(url, text, canaryKey)) note(told, 'a repeated order', answer);
  }
  await throughDatabase(traced, texts, told);
  await noteTelemetry(told, traced);
}

const quoting = `
  CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'cannot take % of %', NEW.idempotency_key, row_to_json(NEW)
      USING ERRCODE = TG_ARGV[0], DETAIL = row_to_json(NEW)::text, HINT = NEW.idempotency_key;
  END $$`;

/** Each time the row that was to be stored is in the message of the error, one way or another. */
async function throughDatabase(
  { process: { url }, database: { sql } }: TracedService,
  texts: readonly string[],
  told: Told[],
): Promise<void> {
  const keys = texts.filter((text) => /^[!-~]+$/.test(text));
  const place = (what: string) =>
    Promise.all(
      keys.map(async (key) => {
        const headers = { 'idempotency-key': `${what}/${key}` };
        note(told, what, await send(url, orderRequest(headers)));
      }),
    );
  await sql(quoting);
  for (const state of ['P0001', '22023', '23514', '40001', '57014', 'XX000']) {
    for (const event of ['INSERT', 'UPDATE']) {
      await sql(
        `CREATE TRIGGER quote_row BEFORE ${event} ON orders FOR EACH ROW EXECUTE FUNCTION quote_row('${state}')`,
      );
      await place(`${event}-${state}`);
      await sql('DROP TRIGGER quote_row ON orders');
    }
  }
  await sql('ALTER TABLE orders ADD CONSTRAINT nobody CHECK (idempotency_key IS NULL) NOT VALID');
  await place('check');
  await sql('ALTER TABLE orders DROP CONSTRAINT nobody');
  await sql('ALTER TABLE orders ALTER idempotency_key TYPE uuid USING gen_random_uuid()');
  // New connections ask for the type of the column, and have the text read as one.
  await sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'orders'`,
  );
  await place('type');
  await sql('ALTER TABLE orders RENAME COLUMN idempotency_key TO elsewhere');
  await place('column');
}

function orderRequest(headers: Record<string, string> = {}) {
  return {
    method: 'POST',
    path: '/orders',
    headers: { authorization: `Bearer ${canaryKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(teaOrder),
  };
}

/** A gateway that answers with what it has heard, to charges, to cancellations and to the settlement worker. */
async function throughGateway({ mode, texts }: Run, told: Told[]): Promise<void> {
  await using gateway = await startScriptedGateway();
  await using traced = await spawnTracedService({
    ...settings,
    TELEMETRY_INSTRUMENTATION: mode,
    PAYMENT_GATEWAY_URL: gateway.url,
    PAYMENT_MAX_ATTEMPTS: '2',
    PAYMENT_RETRY_RESERVE: '10000',
    PAYMENT_BACKOFF_FLOOR: '1ms',
    PAYMENT_BACKOFF_CAP: '1ms',
    // The worker meets the answers as well.
    SETTLEMENT_POLL_INTERVAL: '100ms',
    SETTLEMENT_BACKOFF_BASE: '100ms',
    SETTLEMENT_BACKOFF_FLOOR: '50ms',
    SETTLEMENT_BACKOFF_CAP: '200ms',
  });
  const { url } = traced.process;
  const cancel = async (id: string) =>
    send(url, {
      method: 'POST',
      path: `/orders/${id}/cancel`,
      headers: { authorization: `Bearer ${canaryKey}` },
    });
  for (const text of texts) {
    for (const [what, script] of gatewayAnswers(text)) {
      gateway.follow(script);
      note(told, what, await send(url, orderRequest()));
      // Left pending by a failure, and cancelled under the same answer.
      gateway.follow(inTurn(fail, fail, script, script));
      const pending = await send(url, orderRequest());
      const { id = randomUUID() } = JSON.parse(pending.body) as { id?: string };
      note(told, `${what}, to a cancellation`, await cancel(id));
    }
  }
  await noteTelemetry(told, traced);
}

test.each(canaries)(
  'the search finds the $name in every spelling, and where its ends are cut off',
  (canary) => {
    for (const spelling of canary.spellings)
      for (const part of [spelling, spelling.slice(2, -2)])
        for (const text of [`{"a":"${part}"}`, `a=${encodeURIComponent(part)}`])
          expect(sightings(text)).toMatchObject([{ canary: canary.name }]);
  },
);

describe.each(runs)('of what went through the service, with spans that are $mode,', (run) => {
  const told: Told[] = [];
  beforeAll(async () => {
    await throughRequests(run, told);
    await throughGateway(run, told);
  }, 240_000);

  test('no canary is in anything that it told', () => {
    // One of each kind says enough.
    const kinds = new Map<string, string>();
    for (const { by, text } of told)
      for (const { canary, around } of sightings(text)) kinds.set(`${canary} in ${by}`, around);
    expect(Object.fromEntries(kinds)).toEqual({});
  });

  test('a harmless text is wherever a text of a client can be', () => {
    const kinds = told.filter(({ text }) => text.includes(harmless)).map(({ by }) => by.split(' ')[0]);
    expect(new Set(kinds)).toEqual(new Set(['answer', 'stdout', 'span', 'log', 'export']));
    // Labels hold no such text; that the requests were counted is seen by their routes.
    expect(told.find(({ by }) => by === 'metrics')?.text).toContain('route="/orders/:id/cancel"');
  });

  test('there were all kinds of answers, and none for too many requests', () => {
    const statuses = new Set(told.map(({ status }) => status));
    for (const status of [200, 201, 202, 400, 401, 402, 404, 405, 409, 413, 415, 422, 431, 500, 503])
      expect(statuses).toContain(status);
    expect(statuses).not.toContain(429);
  });

  test('there were all kinds of faults of the database', () => {
    const log = told.filter(({ by }) => by === 'stdout').map(({ text }) => text);
    for (const state of ['P0001', '22023', '22P02', '23514', '40001', '42703', '57014', 'XX000'])
      expect(log.join('\n')).toContain(`"${state}"`);
  });
});
