import { beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { newTraceparent } from '../support/clients/trace-context.ts';
import {
  fail,
  inTurn,
  type ScriptedGateway,
  startScriptedGateway,
} from '../support/processes/scripted-gateway.ts';
import { spawnTracedService, type TracedService } from '../support/processes/traced-service.ts';

/** What a proxy reports of a client on the internet. */
const stranger = { 'x-forwarded-for': '203.0.113.7' };

/** A service that samples no trace by itself, and the gateway that it calls. */
async function spawnWithGateway(env: Record<string, string>) {
  await using started = new AsyncDisposableStack();
  const gateway = started.use(await startScriptedGateway());
  const traced = started.use(
    await spawnTracedService({
      PAYMENT_GATEWAY_URL: gateway.url,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
      ...env,
    }),
  );
  const owned = started.move();
  return { gateway, traced, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Places an order with these headers, and returns those of its charge that belong to the trace. */
async function chargedWith(
  { gateway, traced }: { gateway: ScriptedGateway; traced: TracedService },
  headers: Record<string, string>,
) {
  const answer = await traced.api.place(teaOrder, headers);
  const sent = gateway.charges.at(-1)?.headers ?? {};
  const [, traceId, spanId, flags] = String(sent['traceparent']).split('-');
  return {
    answered: answer.headers.get('traceparent'),
    traceId,
    spanId,
    flags,
    tracestate: sent['tracestate'],
    baggage: sent['baggage'],
  };
}

describe.each(['lean', 'auto'])('in %s mode', (mode) => {
  let service: Awaited<ReturnType<typeof spawnWithGateway>>;
  beforeAll(async () => {
    service = await spawnWithGateway({
      TELEMETRY_INSTRUMENTATION: mode,
      TRUST_PROXY: '1',
      PROPAGATION_SHARED_KEYS: 'region',
    });
    return () => service[Symbol.asyncDispose]();
  });

  // https://www.w3.org/TR/trace-context-2/#random-trace-id-flag
  test.each(['00', '01', '02', '03'])('a trace keeps the flags %s of its caller', async (flags) => {
    const traceparent = newTraceparent(flags);
    const [, traceId, callerId] = traceparent.split('-');
    const charge = await chargedWith(service, { traceparent });
    expect(charge).toMatchObject({ traceId, flags });
    expect(charge.spanId).not.toBe(callerId);
    expect(charge.answered).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-${flags}$`));
  });

  test('a trace that the service starts has a random id, and says so', async () => {
    expect(await chargedWith(service, {})).toMatchObject({ flags: '02' });
  });

  test('the calls of a trace that is not sampled have ids of their own', async () => {
    const headers = { traceparent: newTraceparent('00') };
    service.gateway.follow(inTurn(fail, fail));
    await service.traced.api.place(teaOrder, headers);
    const sent = service.gateway.charges.slice(-3).map((charge) => String(charge.headers['traceparent']));
    expect(sent.map((each) => each.split('-')[1])).toEqual(
      Array.from({ length: 3 }, () => headers.traceparent.split('-')[1]),
    );
    expect(new Set(sent).size).toBe(3);
  });

  test('a malformed tracestate is not passed on, not even as an empty header', async () => {
    const charge = await chargedWith(service, { traceparent: newTraceparent('00'), tracestate: '@=' });
    expect(charge).toMatchObject({ flags: '00', tracestate: undefined });
  });

  test.each(['00', '01'])(
    'a third party gets the ids of a trace with the flags %s, and what a list names',
    async (flags) => {
      const traceparent = newTraceparent(flags);
      const charge = await chargedWith(service, {
        traceparent,
        tracestate: 'vendor=1,region=2',
        baggage: 'card=4111111111111111,region=eu',
      });
      expect(charge).toMatchObject({ flags, tracestate: 'region=2', baggage: 'region=eu' });
    },
  );

  test('a stranger cannot have a trace kept that the service does not sample', async () => {
    const traceparent = newTraceparent('01');
    const charge = await chargedWith(service, {
      ...stranger,
      traceparent,
      tracestate: 'region=2',
      baggage: 'region=eu',
    });
    expect(charge).toMatchObject({ flags: '02', tracestate: undefined, baggage: undefined });
    expect(charge.traceId).not.toBe(traceparent.split('-')[1]);
    expect(charge.answered).toContain(charge.traceId);
  });
});

describe.each(['lean', 'auto'])('inside a system of services in %s mode', (mode) => {
  let service: Awaited<ReturnType<typeof spawnWithGateway>>;
  beforeAll(async () => {
    service = await spawnWithGateway({
      TELEMETRY_INSTRUMENTATION: mode,
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      TRUST_PROXY: '1',
      PROPAGATION_TRUSTED_CALLERS: '10.0.0.0/8',
      PROPAGATION_INTERNAL_HOSTS: '127.0.0.1',
    });
    return () => service[Symbol.asyncDispose]();
  });
  const neighbour = { 'x-forwarded-for': '10.1.2.3' };

  test.each(['00', '01'])(
    'tracestate and baggage pass whole with a trace with the flags %s',
    async (flags) => {
      const context = { tracestate: 'vendor=1,ot=th:8;rv:01234567890123', baggage: 'tenant=shop,region=eu' };
      const traceparent = newTraceparent(flags);
      const charge = await chargedWith(service, { ...neighbour, traceparent, ...context });
      expect(charge).toMatchObject({ traceId: traceparent.split('-')[1], flags, ...context });
    },
  );

  test('a stranger cannot hide its requests, and its trace is linked', async () => {
    const traceparent = newTraceparent('00');
    const [, traceId = '', spanId] = traceparent.split('-');
    const charge = await chargedWith(service, {
      ...stranger,
      traceparent,
      tracestate: 'ot=th:ffffffffffffff',
      baggage: 'tenant=shop',
    });
    expect(charge).toMatchObject({ flags: '03', tracestate: undefined, baggage: undefined });
    const [root] = await service.traced.receiver.waitForTrace(charge.traceId ?? '', 6);
    expect(root?.span).toMatchObject({ parentSpanId: '', links: [{ traceId, spanId }] });
    expect(service.traced.receiver.trace(traceId)).toEqual([]);
  });
});
