import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  askJaeger,
  attributeOf,
  eventually,
  findTrace,
  keepsLogs,
  logLinesOf,
  printTrace,
  queryPrometheus,
  stack,
} from './backends.ts';
import { placeOrder } from './customer.ts';

describe('an order', () => {
  test('an order is one trace, from the request to the gateway', async () => {
    // Slower than the objective, so that tail sampling always keeps it.
    const { status, traceId, orderId } = await placeOrder('tok_slow');
    expect(status).toBe(201);
    const trace = await eventually('whole trace', async () => {
      const found = await findTrace(traceId);
      return found && printTrace(found).includes('payment-gateway') ? found : undefined;
    });

    expect(printTrace(trace).replace(/^ +orders: (EVALSHA|EVAL)\n/m, '')).toBe(
      [
        'orders: POST /orders',
        '  orders: orders.place',
        '    orders: INSERT orders',
        '    orders: payment.charge',
        '      orders: POST /charges',
        '        payment-gateway: POST /charges',
        '    orders: UPDATE orders',
      ].join('\n'),
    );
    expect(attributeOf(trace, 'orders.order.id')).toContain(orderId);
    expect(attributeOf(trace, 'simulator.charge.outcome')).toEqual(['succeeded']);
  });

  test.runIf(keepsLogs)('the trace id of an order finds the log lines of both services', async () => {
    const { traceId, orderId, requestId } = await placeOrder('tok_error_once');
    const lines = await eventually('log lines of both', async () => {
      const found = await logLinesOf(traceId);
      return new Set(found.map(({ service }) => service)).size === 2 ? found : undefined;
    });

    const canonical = lines.filter(({ fields }) => fields['event'] === 'http.request');
    expect(canonical).toEqual([
      expect.objectContaining({
        service: 'orders',
        fields: expect.objectContaining({ order_id: orderId, request_id: requestId, status: '201' }),
      }),
    ]);
    const charges = lines.filter(({ service }) => service === 'payment-gateway');
    expect(charges.map(({ fields }) => [fields['fault'], fields['request_id']])).toEqual(
      expect.arrayContaining([
        ['error', requestId],
        ['none', requestId],
      ]),
    );
  });

  test('the trace of an order with a failed attempt is kept and names the injected fault', async () => {
    const { traceId } = await placeOrder('tok_error_once');
    const trace = await eventually('trace with two attempts', async () => {
      const found = await findTrace(traceId);
      return found && attributeOf(found, 'simulator.fault').length === 2 ? found : undefined;
    });
    expect(new Set(attributeOf(trace, 'simulator.fault'))).toEqual(new Set(['error', 'none']));
    expect(attributeOf(trace, 'http.request.resend_count')).toEqual([1]);
  });
});

test.each(['orders', 'payment-gateway'])(
  "Jaeger's Monitor tab has rates and durations of %s",
  async (service) => {
    interface Metrics {
      metrics: Array<{ metricPoints: Array<{ gaugeValue: { doubleValue: number | string } }> }>;
    }
    const window = { lookback: '600000', step: '5000', ratePer: '60000', spanKind: 'server', service };
    const highest = (metric: string, more: Record<string, string> = {}) =>
      eventually(`${metric} of ${service}`, async () => {
        const now = String(Date.now());
        const { metrics } = await askJaeger<Metrics>(`/api/metrics/${metric}`, {
          ...window,
          endTs: now,
          ...more,
        });
        const values = metrics
          .flatMap(({ metricPoints }) => metricPoints)
          .map(({ gaugeValue }) => Number(gaugeValue.doubleValue))
          .filter((value) => value > 0);
        return values.length > 0 ? Math.max(...values) : undefined;
      });
    expect(await highest('calls')).toBeGreaterThan(0);
    expect(await highest('latencies', { quantile: '0.95' })).toBeGreaterThan(0);
  },
);

test('the links from a span to its metrics have data', async () => {
  for (const metric of ['traces_span_metrics_calls_total', 'traces_span_metrics_duration_seconds_bucket']) {
    const series = await eventually(metric, async () => {
      const found = await queryPrometheus(`${metric}{service_name="orders",span_name="POST /orders"}`);
      return found.length > 0 ? found : undefined;
    });
    expect(series.length).toBeGreaterThan(0);
  }
});

test('the Collector redacts card numbers, e-mail addresses and credentials', async () => {
  const traceId = randomBytes(16).toString('hex');
  const now = `${Date.now()}000000`;
  const span = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name: 'a careless span of 4111-1111-1111-1111',
    traceState: 'shop=4111111111111111',
    kind: 1,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    // An error, so that tail sampling keeps it.
    status: { code: 2, message: 'card 3782 822463 10005 was refused' },
    events: [
      {
        timeUnixNano: now,
        name: 'charging 4111111111111111',
        attributes: [{ key: 'note', value: { stringValue: 'paid with 4111 1111 1111 1111' } }],
      },
    ],
    attributes: [
      { key: 'number', value: { intValue: '4111111111111111' } },
      { key: 'numbers', value: { arrayValue: { values: [{ stringValue: '4111111111111111' }] } } },
      { key: 'key', value: { stringValue: 'the key is sk_live_9aBcDeFgHiJkLmNo' } },
      { key: 'note', value: { stringValue: 'paid with 4111 1111 1111 1111' } },
      { key: 'mail', value: { stringValue: 'jane.doe@example.com' } },
      { key: 'http.request.header.authorization', value: { stringValue: 'Bearer sk_live_12345678' } },
      { key: 'orders.order.id', value: { stringValue: '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11' } },
    ],
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'careless' } }] };
  const response = await fetch(`${stack.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(response.status).toBe(200);

  const trace = await eventually('careless trace', () => findTrace(traceId));
  expect(JSON.stringify(trace)).not.toMatch(/4111|3782|jane\.doe|sk_live/);
  expect(JSON.stringify(trace)).toContain('a careless span of ****');
  expect(attributeOf(trace, 'orders.order.id')).toEqual(['019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11']);
});
