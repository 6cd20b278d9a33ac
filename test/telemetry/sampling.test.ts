import { afterEach, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import {
  flagsOf,
  newSpanId,
  newTraceId,
  newTraceparent,
  traceIdOf,
} from '../support/clients/trace-context.ts';
import type { ReceivedSpan } from '../../lab/console/otlp/messages.ts';
import { printSpanTrees } from '../../lab/harness/span-tree.ts';
import { schemaUrl, serviceVersion } from '../../src/telemetry/version.ts';
import { startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import {
  exemplarTraces,
  spawnTracedService,
  type TracedService,
} from '../support/processes/traced-service.ts';

let traced: TracedService | undefined;
afterEach(async () => {
  await traced?.[Symbol.asyncDispose]();
  traced = undefined;
});

async function spawn(env: Record<string, string>): Promise<TracedService> {
  traced = await spawnTracedService(env);
  return traced;
}

const traceparent = (flags: '00' | '01') => ({ traceparent: newTraceparent(flags) });

/** The trace of a paid order, the same in lean and auto mode. */
const paidOrder = [
  'POST /orders [SERVER]',
  '  orders.place [INTERNAL]',
  '    INSERT orders [CLIENT]',
  '    payment.charge [INTERNAL]',
  '      POST /charges [CLIENT]',
  '    UPDATE orders [CLIENT]',
].join('\n');

/** Stops the process, which flushes its queue: a span that has not arrived by then was never created. */
async function allSpans({ process, receiver }: TracedService): Promise<readonly ReceivedSpan[]> {
  expect(await process.stop()).toEqual({ code: 0, signal: null });
  return receiver.spans;
}

async function placeMany({ api }: TracedService, count: number, atOnce: number): Promise<string[]> {
  const traceIds: string[] = [];
  const queue = Array.from({ length: count }).values();
  const lanes = Array.from({ length: atOnce }, async () => {
    for (const _ of queue) traceIds.push(traceIdOf((await api.place()).headers));
  });
  await Promise.all(lanes);
  return traceIds;
}

describe('with the sampler', () => {
  test('the sampler always_off exports nothing, keeps no exemplar, and still propagates the trace', async () => {
    const { api, scrape, gatewayLog, ...rest } = await spawn({ OTEL_TRACES_SAMPLER: 'always_off' });
    const { headers } = await api.place(teaOrder, traceparent('01'));
    const line = await rest.requestLine(headers.get('x-request-id') ?? '');

    expect(flagsOf(headers)).toBe('00');
    expect(line['trace_id']).toBe(traceIdOf(headers));
    expect(gatewayLog.at(-1)).toMatchObject({
      traceparent: expect.stringMatching(`^00-${traceIdOf(headers)}-[0-9a-f]{16}-00$`),
    });
    expect(exemplarTraces(await scrape())).toEqual([]);
    expect(await allSpans(rest as TracedService)).toEqual([]);
  });

  test('the sampler always_on exports a trace that the caller does not sample', async () => {
    const service = await spawn({ OTEL_TRACES_SAMPLER: 'always_on' });
    const { headers } = await service.api.place(teaOrder, traceparent('00'));
    expect(flagsOf(headers)).toBe('01');
    const trees = await service.receiver.waitForTrace(traceIdOf(headers), 6);
    expect(printSpanTrees(trees)).toBe(paidOrder);
  });

  test.each(['traceidratio', 'parentbased_traceidratio'])(
    'the sampler %s exports whole traces or nothing, and exemplars point to exported ones',
    async (sampler) => {
      const service = await spawn({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.2' });
      const traceIds = await placeMany(service, 100, 8);
      const exemplars = exemplarTraces(await service.scrape());
      const spans = await allSpans(service);

      const exported = new Set(spans.map(({ traceId }) => traceId));
      const sampled = traceIds.filter((traceId) => exported.has(traceId));
      // With 100 requests at 0.2, fewer than 4 or more than 45 occur less than once in a million runs.
      expect(sampled.length).toBeGreaterThan(3);
      expect(sampled.length).toBeLessThan(46);
      for (const traceId of sampled) expect(printSpanTrees(service.receiver.trace(traceId))).toBe(paidOrder);
      expect(exemplars.length).toBeGreaterThan(0);
      for (const traceId of exemplars) expect(exported).toContain(traceId);
    },
  );

  test('the sampler parentbased_traceidratio follows the decision of the caller', async () => {
    const service = await spawn({
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    const wanted = await service.api.place(teaOrder, traceparent('01'));
    const unwanted = await service.api.place(teaOrder, traceparent('00'));
    const undecided = await service.api.place();

    expect([wanted, unwanted, undecided].map(({ headers }) => flagsOf(headers))).toEqual(['01', '00', '02']);
    expect(new Set(exemplarTraces(await service.scrape()))).toEqual(new Set([traceIdOf(wanted.headers)]));
    const spans = await allSpans(service);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(wanted.headers)]));
    expect(printSpanTrees(service.receiver.trace(traceIdOf(wanted.headers)))).toBe(paidOrder);
  });
});

describe.each(['lean', 'auto'])('concurrent requests in %s mode', (mode) => {
  test('64 concurrent requests create 64 complete traces without a stray span', async () => {
    // Fewer connections than requests, so statements wait for each other.
    const service = await spawn({
      TELEMETRY_INSTRUMENTATION: mode,
      DATABASE_POOL_MAX: '4',
      DATABASE_CONNECT_TIMEOUT: '5s',
      DATABASE_DEADLINE: '10s',
      // No attempt may time out on a slow machine.
      PAYMENT_ATTEMPT_TIMEOUT: '10s',
      PAYMENT_DEADLINE: '20s',
    });
    await service.gateway.setFaults({ latencyJitterMs: 30 });
    const traceIds = await placeMany(service, 64, 64);
    const spans = await allSpans(service);

    expect(new Set(traceIds).size).toBe(64);
    for (const traceId of traceIds) expect(printSpanTrees(service.receiver.trace(traceId))).toBe(paidOrder);
    const own = new Set(spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
    const orphans = spans.filter(
      ({ traceId, parentSpanId }) => parentSpanId !== '' && !own.has(`${traceId} ${parentSpanId}`),
    );
    expect(orphans).toEqual([]);
    // Every attempt concerns the order of its own request.
    for (const { traceparent: seen, key } of service.gatewayLog) {
      const traceId = String(seen).split('-')[1];
      const place = spans.find((span) => span.traceId === traceId && span.name === 'orders.place');
      expect(place?.attributes['orders.order.id']).toBe(key);
    }
  });
});

describe('the standard variables', () => {
  test('OTEL_SDK_DISABLED keeps metrics and logs, without spans and trace ids', async () => {
    const service = await spawn({ OTEL_SDK_DISABLED: 'true' });
    const { status, headers } = await service.api.place();
    const line = await service.requestLine(headers.get('x-request-id') ?? '');

    expect(status).toBe(201);
    expect(headers.get('traceparent')).toBeNull();
    expect(line).not.toHaveProperty('trace_id');
    expect(service.gatewayLog.at(-1)).toMatchObject({ request_id: headers.get('x-request-id') });
    expect(service.gatewayLog.at(-1)).not.toHaveProperty('traceparent');
    expect(exemplarTraces(await service.scrape())).toEqual([]);
    await service.process.stop();
    expect(service.receiver.requests).toBe(0);
  });

  test('OTEL_SDK_DISABLED passes the trace and the baggage of a caller on, and leaves no exemplar of it', async () => {
    await using gateway = await startScriptedGateway();
    const service = await spawn({
      OTEL_SDK_DISABLED: 'true',
      PAYMENT_GATEWAY_URL: gateway.url,
      PROPAGATION_INTERNAL_HOSTS: '127.0.0.1',
    });
    const sent = () => gateway.charges.at(-1)?.headers;
    for (const flags of ['01', '00']) {
      const caller = { traceparent: newTraceparent(flags), tracestate: 'vendor=1' };
      const { headers } = await service.api.place(teaOrder, caller);
      const line = await service.requestLine(headers.get('x-request-id') ?? '');
      expect(line).toMatchObject({ trace_id: caller.traceparent.split('-')[1] });
      expect(sent()).toMatchObject(caller);
    }
    const { headers } = await service.api.place(teaOrder, { baggage: 'tenant=shop' });
    expect(await service.requestLine(headers.get('x-request-id') ?? '')).not.toHaveProperty('trace_id');
    expect(sent()).toMatchObject({ baggage: 'tenant=shop' });
    expect(sent()).not.toHaveProperty('traceparent');
    expect(exemplarTraces(await service.scrape())).toEqual([]);
    await service.process.stop();
    expect(service.receiver.requests).toBe(0);
  });

  test('spans and log records say which SDK, which version of the service and which conventions they are of', async () => {
    const service = await spawn({ OTEL_LOGS_EXPORTER: 'otlp', OTEL_BLRP_SCHEDULE_DELAY: '100' });
    await service.api.place();
    const [span, log] = await Promise.all([
      service.receiver.waitForSpan(({ kind }) => kind === 'SERVER'),
      service.receiver.waitForLog(() => true),
    ]);
    for (const { resource, scope } of [span, log]) {
      // https://opentelemetry.io/docs/specs/semconv/resource/#telemetry-sdk
      expect(resource).toMatchObject({
        'service.name': 'orders',
        'service.version': serviceVersion,
        'telemetry.sdk.name': 'opentelemetry',
        'telemetry.sdk.language': 'nodejs',
        'telemetry.sdk.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
      });
      expect(scope).toMatchObject({ name: 'orders', version: serviceVersion });
    }
    // The receiver does not decode schema URLs: one of the resource, one of the scope.
    for (const { body } of service.receiver.received)
      expect(body.toString('latin1').split(schemaUrl)).toHaveLength(3);
  });

  test('OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES override the defaults of the service', async () => {
    const service = await spawn({
      OTEL_SERVICE_NAME: 'shop-orders',
      OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=shop,deployment.environment.name=staging',
    });
    const { resource } = await service.receiver.waitForSpan(() => true);
    expect(resource).toMatchObject({
      'service.name': 'shop-orders',
      'service.namespace': 'shop',
      'deployment.environment.name': 'staging',
      'service.version': expect.any(String),
    });
    expect((await service.line('service.listening', 'level', 'info'))['service']).toBe('shop-orders');
  });

  test('OTEL_TRACES_EXPORTER=none exports nothing', async () => {
    const { receiver, ...service } = await spawn({ OTEL_TRACES_EXPORTER: 'none' });
    await service.api.place();
    await service.process.stop();
    expect(receiver.requests).toBe(0);
  });

  test('OTEL_PROPAGATORS sets the headers in which a trace enters and leaves the service', async () => {
    const service = await spawn({ OTEL_PROPAGATORS: 'b3' });
    const [traceId, spanId] = [newTraceId(), newSpanId()];
    const { headers } = await service.api.place(teaOrder, {
      b3: `${traceId}-${spanId}-1`,
      ...traceparent('01'),
    });
    expect(traceIdOf(headers)).toBe(traceId);
    expect(service.gatewayLog.at(-1)).not.toHaveProperty('traceparent');
    const [root] = await service.receiver.waitForTrace(traceId, 6);
    expect(root?.span.parentSpanId).toBe(spanId);
  });
});
