import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { ValueTypes } from '../support/clients/value-types.ts';
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
 * Sends a card number, an API key and an e-mail address through every input that takes a text, and searches everything
 * that leaves the service for them. Three places may hold them: the request to the gateway; the body of a successful
 * response, which returns an order to its owner; and the location of a redirect, which repeats the query of the client.
 * No response repeats an idempotency key, and none repeats a request id that holds one of the three.
 */

/** Takes the same ways as the canaries and may appear: where it does not, the search for a canary proves nothing. */
const harmless = 'harmless-7f3a2b';

const settings = {
  // The client whose key is the canary sends all requests.
  API_KEYS: `shop:shop-key,vault:${canaryKey}`,
  LOG_LEVEL: 'trace',
  // Long enough for a busy machine to meet each fault, and short enough for the faults that are retried until then.
  DATABASE_DEADLINE: '1s',
  BREAKER_VOLUME: '100000',
  // No limit refuses a request unread, and the headers of a proxy are trusted.
  ADMISSION: 'off',
  RATE_LIMIT_MAX: '0',
  RATE_LIMIT_ADDRESS_MAX: '0',
  AUTH_FAILURE_MAX: '0',
  TRUST_PROXY: '127.0.0.1',
  OTEL_TRACES_SAMPLER: 'always_on',
  OTEL_LOGS_EXPORTER: 'otlp',
  // Queues that drop nothing, because a dropped item is not searched.
  OTEL_BSP_MAX_QUEUE_SIZE: '100000',
  OTEL_BLRP_MAX_QUEUE_SIZE: '100000',
};

interface Run {
  mode: 'lean' | 'auto';
  texts: readonly string[];
}

/** The runs differ only in who creates the spans, so one spelling of each canary suffices for the second. */
const runs: readonly Run[] = [
  { mode: 'lean', texts: [...canaries.flatMap((canary) => canary.spellings), harmless] },
  { mode: 'auto', texts: [...canaries.flatMap((canary) => canary.spellings.slice(0, 1)), harmless] },
];

/** Something that left the service. */
interface Emitted {
  by: string;
  text: string;
  status?: number;
}

function note(emitted: Emitted[], what: string, { status, head, body }: HttpAnswer): void {
  const succeeded = status >= 200 && status < 300;
  const redirected = status >= 300 && status < 400;
  const text = redirected ? body : succeeded ? head : `${head}\n${body}`;
  emitted.push({ by: `answer ${status} to ${what}`, text, status });
}

/** In both modes, because a store gets the telemetry of both. */
const types = new ValueTypes();

/** Stops the service and collects all telemetry that it emitted. */
async function noteTelemetry(
  emitted: Emitted[],
  { process, receiver, scrape }: TracedService,
): Promise<void> {
  // With exemplars.
  const headers = { accept: 'application/openmetrics-text' };
  const metrics = await fetch(`${process.adminUrl}/metrics`, { headers });
  emitted.push({ by: 'metrics', text: await metrics.text() });
  expect(valueOf(await scrape(), 'telemetry_dropped_total')).toBe(0);
  expect(await process.stop()).toEqual({ code: 0, signal: null });
  for (const line of process.logs) types.note(`line ${String(line['event'])}`, line);
  for (const log of receiver.logs) types.note('log record', log.attributes);
  for (const { name, attributes, events } of receiver.spans)
    for (const values of [attributes, ...events.map((event) => event.attributes)])
      types.note(`span ${name}`, values);
  emitted.push(
    { by: 'stdout', text: process.logs.map((line) => JSON.stringify(line)).join('\n') },
    { by: 'stderr', text: process.complaints() },
    ...receiver.spans.map((span) => ({ by: `span ${span.name}`, text: toText(span) })),
    ...receiver.logs.map((log) => ({ by: 'log record', text: toText(log) })),
    // Raw, with the parts that the receiver does not decode, such as trace states.
    ...receiver.received.map(({ path, body }) => ({
      by: `export to ${path}`,
      text: body.toString('latin1'),
    })),
  );
}

function toText(value: object): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}

async function sendAll(emitted: Emitted[], url: string, requests: readonly NamedRequest[]): Promise<void> {
  const queue = requests.values();
  const lanes = Array.from({ length: 8 }, async () => {
    for (const { what, request } of queue) note(emitted, what, await send(url, request));
  });
  await Promise.all(lanes);
}

/** Requests of clients and operators, and a database that quotes its input. */
async function throughRequests({ mode, texts }: Run, emitted: Emitted[]): Promise<void> {
  await using traced = await spawnTracedService({ ...settings, TELEMETRY_INSTRUMENTATION: mode });
  const { url, adminUrl } = traced.process;
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as RequestDocument;
  for (const text of texts) {
    await sendAll(emitted, url, clientRequests(text, document, canaryKey));
    await sendAll(emitted, adminUrl, adminRequests(text));
    for (const answer of await sendMalformed(url, text)) note(emitted, 'malformed HTTP', answer);
    if (/^[!-~]+$/.test(text))
      for (const answer of await repeatOrder(url, text, canaryKey)) note(emitted, 'a repeated order', answer);
  }
  await throughDatabase(traced, texts, emitted);
  await noteTelemetry(emitted, traced);
}

const quoting = `
  CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'cannot take % of %', NEW.idempotency_key, row_to_json(NEW)
      USING ERRCODE = TG_ARGV[0], DETAIL = row_to_json(NEW)::text, HINT = NEW.idempotency_key;
  END $$`;

/** Every fault quotes the rejected row in its error message. */
async function throughDatabase(
  { process: { url }, database: { sql } }: TracedService,
  texts: readonly string[],
  emitted: Emitted[],
): Promise<void> {
  const keys = texts.filter((text) => /^[!-~]+$/.test(text));
  const placeOne = async (what: string, key: string) => {
    const headers = { 'idempotency-key': `${what}/${key}` };
    note(emitted, what, await send(url, orderRequest(headers)));
  };
  /** Postgres reports some faults of a row alone by another SQLSTATE than those of a batch, so one order goes first. */
  const place = async (what: string) => {
    const [first = harmless, ...others] = keys;
    await placeOne(what, first);
    await Promise.all(others.map((key) => placeOne(what, key)));
  };
  /** Over new connections, which look up the columns of the table and their types. */
  const placeAnew = async (what: string) => {
    await sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'orders'`,
    );
    // The first order may only find out that its connection is gone.
    for (const attempt of ['first', 'second', 'third']) await placeOne(`${what}-${attempt}`, harmless);
    await place(what);
  };
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
  await sql('ALTER TABLE orders ADD CONSTRAINT no_row CHECK (idempotency_key IS NULL) NOT VALID');
  await place('check');
  await sql('ALTER TABLE orders DROP CONSTRAINT no_row');
  await sql('ALTER TABLE orders ALTER idempotency_key TYPE uuid USING gen_random_uuid()');
  await placeAnew('type');
  await sql('ALTER TABLE orders RENAME COLUMN idempotency_key TO elsewhere');
  await placeAnew('column');
}

function orderRequest(headers: Record<string, string> = {}) {
  return {
    method: 'POST',
    path: '/orders',
    headers: { authorization: `Bearer ${canaryKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(teaOrder),
  };
}

/** A gateway that echoes its requests in its responses to charges, to cancellations and to the settlement worker. */
async function throughGateway({ mode, texts }: Run, emitted: Emitted[]): Promise<void> {
  await using gateway = await startScriptedGateway();
  await using traced = await spawnTracedService({
    ...settings,
    TELEMETRY_INSTRUMENTATION: mode,
    PAYMENT_GATEWAY_URL: gateway.url,
    PAYMENT_MAX_ATTEMPTS: '2',
    PAYMENT_RETRY_RESERVE: '10000',
    PAYMENT_BACKOFF_FLOOR: '1ms',
    PAYMENT_BACKOFF_CAP: '1ms',
    // A pause would keep the next responses away.
    PAYMENT_PAUSE_MAX: '1ms',
    // Early enough for the worker to receive these responses, too.
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
      note(emitted, what, await send(url, orderRequest()));
      // A failure leaves the order pending, and the cancellation gets the same response.
      gateway.follow(inTurn(fail, fail, script, script));
      const pending = await send(url, orderRequest());
      const { id = randomUUID() } = JSON.parse(pending.body) as { id?: string };
      note(emitted, `${what}, to a cancellation`, await cancel(id));
    }
  }
  await noteTelemetry(emitted, traced);
}

test.each(canaries)('the search finds the $name in every spelling, even without its ends', (canary) => {
  for (const spelling of canary.spellings)
    for (const part of [spelling, spelling.slice(2, -2)])
      for (const text of [`{"a":"${part}"}`, `a=${encodeURIComponent(part)}`])
        expect(sightings(text)).toMatchObject([{ canary: canary.name }]);
});

describe.each(runs)('canaries in $mode mode', (run) => {
  const emitted: Emitted[] = [];
  beforeAll(async () => {
    await Promise.all([throughRequests(run, emitted), throughGateway(run, emitted)]);
  }, 240_000);

  // It searches megabytes for every spelling, which takes a busy machine a minute.
  test('no canary leaves the service', { timeout: 240_000 }, () => {
    // One sighting of each kind suffices.
    const kinds = new Map<string, string>();
    for (const { by, text } of emitted)
      for (const { canary, around } of sightings(text)) kinds.set(`${canary} in ${by}`, around);
    expect(Object.fromEntries(kinds)).toEqual({});
  });

  test('each field of a log line and each attribute has one type', () => {
    expect(types.ambiguous()).toEqual({});
    // Fewer names would show that the search misses most of what is emitted.
    expect(types.names.length).toBeGreaterThan(80);
    for (const name of ['duration_ms', 'db_ms', 'payment_ms']) expect(types.typeOf(name)).toBe('double');
    for (const name of ['status', 'delay_ms', 'server.port']) expect(types.typeOf(name)).toBe('integer');
  });

  test('a harmless text of a client appears in every kind of output that may hold one', () => {
    const kinds = emitted.filter(({ text }) => text.includes(harmless)).map(({ by }) => by.split(' ')[0]);
    expect(new Set(kinds)).toEqual(new Set(['answer', 'stdout', 'span', 'log', 'export']));
    // Labels hold no text of a client; the route shows that the requests were counted.
    expect(emitted.find(({ by }) => by === 'metrics')?.text).toContain('route="/orders/:id/cancel"');
  });

  test('canary requests get every kind of response except 429', () => {
    const statuses = new Set(emitted.map(({ status }) => status));
    for (const status of [200, 201, 202, 400, 401, 402, 404, 405, 409, 413, 415, 422, 431, 500, 503])
      expect(statuses).toContain(status);
    expect(statuses).not.toContain(429);
  });

  test('canary requests meet every kind of database fault', () => {
    const log = emitted.filter(({ by }) => by === 'stdout').map(({ text }) => text);
    const met = (state: string) => log.some((lines) => lines.includes(`"${state}"`));
    const states = ['P0001', '22023', '22P02', '23514', '40001', '42703', '57014', 'XX000'];
    expect(states.filter((state) => !met(state))).toEqual([]);
  });
});
