import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { type ScriptedGateway, startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import { spawnTracedService, type TracedService } from '../support/processes/traced-service.ts';

const hex = (bytes: number) => randomBytes(bytes).toString('hex');
const newTraceparent = (flags: string) => `00-${hex(16)}-${hex(8)}-${flags}`;

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
    service = await spawnWithGateway({ TELEMETRY_INSTRUMENTATION: mode });
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

  test('a malformed tracestate is not passed on, not even as an empty header', async () => {
    const charge = await chargedWith(service, { traceparent: newTraceparent('00'), tracestate: '@=' });
    expect(charge).toMatchObject({ flags: '00', tracestate: undefined });
  });
});
