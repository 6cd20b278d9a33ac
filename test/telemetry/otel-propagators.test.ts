import { describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { newSpanId, newTraceId, traceIdOf } from '../support/clients/trace-context.ts';
import { startScriptedGateway } from '../support/processes/scripted-gateway.ts';
import { eachWithTracedService } from '../support/processes/traced-service.ts';

const spawn = eachWithTracedService();

describe('OTEL_PROPAGATORS', () => {
  const traceId = newTraceId();
  const caller = {
    traceparent: `00-${traceId}-${newSpanId()}-01`,
    tracestate: 'vendor=1',
    baggage: 'tenant=shop',
  };

  const w3c = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;

  test.each([
    ['tracecontext', w3c, ['traceparent', 'tracestate']],
    ['tracecontext,baggage', w3c, ['baggage', 'traceparent', 'tracestate']],
    ['b3', /^[0-9a-f]{32}-[0-9a-f]{16}-1$/, ['b3']],
    ['b3multi', /^[0-9a-f]{32}$/, ['x-b3-sampled', 'x-b3-spanid', 'x-b3-traceid']],
    ['none', /^undefined$/, []],
  ])(
    'OTEL_PROPAGATORS=%s decides which headers the gateway receives',
    async (propagators, form, expected) => {
      await using gateway = await startScriptedGateway();
      const { api } = await spawn({
        OTEL_PROPAGATORS: propagators,
        PAYMENT_GATEWAY_URL: gateway.url,
        PROPAGATION_INTERNAL_HOSTS: '127.0.0.1',
      });
      const { headers } = await api.place(teaOrder, caller);
      const [seen] = gateway.charges.map((charge) => charge.headers);
      const names = Object.keys(seen ?? {}).filter((name) =>
        /^(traceparent|tracestate|baggage|b3|x-b3)/.test(name),
      );
      expect(names.toSorted()).toEqual(expected);
      expect(String(seen?.['traceparent'] ?? seen?.['b3'] ?? seen?.['x-b3-traceid'])).toMatch(form);
      // A service that reads another format does not see the trace of the caller.
      expect(traceIdOf(headers) === traceId).toBe(propagators.startsWith('tracecontext'));
    },
  );
});
