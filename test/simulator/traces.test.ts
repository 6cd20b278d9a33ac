import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startOtlpReceiver } from '../../lab/harness/otlp-receiver.ts';
import { visa } from '../support/processes/simulator.ts';

/** The simulator as `npm run simulator` starts it, with a receiver for its telemetry. */
async function spawnTracedSimulator() {
  await using started = new AsyncDisposableStack();
  const receiver = started.use(await startOtlpReceiver());
  const child = fork('lab/simulator/main.ts', {
    env: {
      ...process.env,
      SIMULATOR_PORT: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_BLRP_SCHEDULE_DELAY: '50',
    },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  started.defer(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];

  const owned = started.move();
  return {
    receiver,
    /** Charges a card within a trace of the caller. */
    async charge(paymentToken: string, signal?: AbortSignal) {
      const parent = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
      const response = await fetch(`${url}/charges`, {
        method: 'POST',
        headers: {
          'idempotency-key': `order-${paymentToken}`,
          'content-type': 'application/json',
          traceparent: `00-${parent.traceId}-${parent.spanId}-01`,
          'x-request-id': 'request-1',
        },
        body: JSON.stringify({ ...visa, paymentToken }),
        ...(signal && { signal }),
      }).catch(() => undefined);
      return { ...parent, status: response?.status };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("a charge creates a span below the caller's and a log line in the same trace", async () => {
  await using simulator = await spawnTracedSimulator();
  const { traceId, spanId, status } = await simulator.charge('tok_visa');
  expect(status).toBe(201);

  const span = await simulator.receiver.waitForSpan((each) => each.traceId === traceId);
  expect(span).toMatchObject({
    name: 'POST /charges',
    kind: 'SERVER',
    parentSpanId: spanId,
    resource: { 'service.name': 'payment-gateway' },
    attributes: {
      'http.response.status_code': 201,
      'orders.request.id': 'request-1',
      'simulator.charge.key': 'order-tok_visa',
      'simulator.charge.outcome': 'succeeded',
      'simulator.fault': 'none',
    },
  });
  const line = await simulator.receiver.waitForLog((log) => log.traceId === traceId);
  expect(line.spanId).toBe(span.spanId);
  expect(line.attributes).toMatchObject({ key: 'order-tok_visa', request_id: 'request-1', fault: 'none' });
});

test('the span of a faulty request names the injected fault', async () => {
  await using simulator = await spawnTracedSimulator();
  const { traceId } = await simulator.charge('tok_error_once');
  const span = await simulator.receiver.waitForSpan((each) => each.traceId === traceId);
  expect(span).toMatchObject({
    status: { code: 'ERROR' },
    attributes: { 'simulator.fault': 'error', 'error.type': '500' },
  });
});

test('the span of a request without an answer ends when the caller gives up', async () => {
  await using simulator = await spawnTracedSimulator();
  const { traceId, status } = await simulator.charge('tok_timeout', AbortSignal.timeout(200));
  expect(status).toBeUndefined();
  const span = await simulator.receiver.waitForSpan((each) => each.traceId === traceId);
  expect(span).toMatchObject({
    status: { code: 'ERROR' },
    attributes: {
      'simulator.fault': 'timeout',
      'error.type': 'no_answer',
      'simulator.charge.outcome': 'not_carried_out',
    },
  });
});
