import { setTimeout as delay } from 'node:timers/promises';
// oxlint-disable-next-line no-restricted-imports -- the loop calls what the observers of the service call
import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { loadTelemetryConfig } from '../../../src/config/telemetry-config.ts';
import {
  type ConstantAttributes,
  constantAttributes,
} from '../../../src/telemetry/otlp/constant-attributes.ts';
import { startSdk } from '../../../src/telemetry/sdk/start-sdk.ts';
import { rootContext } from '../../../src/telemetry/tracing/linked-context.ts';
import { inSpan, recordingSpan, startBelow, startTrace } from '../../../src/telemetry/tracing/tracing.ts';

/** Orders per round, and in flight at the same time. */
const orders = 8000;
const inFlight = 32;
/** Rounds for V8 to optimize the code. */
const warmUps = 2;

/** The spans that a loop exports in all. */
export const spansExported = (rounds: number): number => (warmUps + rounds) * orders * 6;

const server = constantAttributes({
  'http.request.method': 'POST',
  'url.scheme': 'http',
  'http.route': '/orders',
  'url.path': '/orders',
});
const statement = (operation: string) =>
  constantAttributes({
    'db.system.name': 'postgresql',
    'db.namespace': 'orders',
    'db.operation.name': operation,
    'db.collection.name': 'orders',
    'db.query.summary': `${operation} orders`,
    'server.address': '127.0.0.1',
    'server.port': 5432,
  });
const insert = statement('INSERT');
const update = statement('UPDATE');
const charge = constantAttributes({
  'http.request.method': 'POST',
  'url.template': '/charges',
  'server.address': '127.0.0.1',
  'server.port': 4000,
});
const orderId = '01a1fcde-b84e-7f95-86a2-65cfffc59b44';

/**
 * Creates the six spans of a paid order, over and over, with the attributes that the service gives them and nothing else.
 *
 * @returns microseconds of CPU per order for each round, export included
 */
export async function runLoop(rounds: number, options: { plainContext: boolean }): Promise<number[]> {
  const sdk = await startSdk(loadTelemetryConfig(), () => {});
  const parent = options.plainContext ? ROOT_CONTEXT : rootContext;
  const round = async () => {
    for (let done = 0; done < orders; done += inFlight) {
      await Promise.all(Array.from({ length: inFlight }, () => recordOrder(parent)));
      // Lets the exporter run, as the I/O of a service does.
      await delay(1);
    }
    await delay(300);
  };
  for (let warmUp = 0; warmUp < warmUps; warmUp += 1) await round();
  const measured: number[] = [];
  while (measured.length < rounds) {
    const before = process.cpuUsage();
    await round();
    const { user, system } = process.cpuUsage(before);
    measured.push((user + system) / orders);
  }
  await sdk.shutdown();
  return measured;
}

async function recordOrder(parent: typeof rootContext): Promise<void> {
  const root = startTrace('POST /orders', { kind: SpanKind.SERVER }, { parent, constant: () => server });
  root.setAttributes({
    'server.address': '127.0.0.1',
    'server.port': 3000,
    'client.address': '127.0.0.1',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': 50_000,
    'network.protocol.version': '1.1',
    'user_agent.original': 'undici',
  });
  await context.with(trace.setSpan(parent, root), () =>
    inSpan('orders.place', async (span) => {
      await call('INSERT orders', insert);
      await inSpan('payment.charge', async (payment) => {
        await call('POST /charges', charge, {
          'url.full': 'http://127.0.0.1:4000/charges',
          'http.response.status_code': 201,
        });
        payment?.setAttributes({
          'orders.payment.outcome': 'succeeded',
          'orders.payment.attempts': 1,
          'orders.circuit_breaker.state': 'closed',
        });
      });
      await call('UPDATE orders', update);
      span?.setAttributes({
        'orders.order.id': orderId,
        'orders.order.status': 'paid',
        'orders.order.items': 1,
        'orders.order.total_minor': 900,
        'orders.order.currency': 'EUR',
      });
    }),
  );
  root.setAttributes({
    'orders.request.id': 'req-0af7651916cd43dd',
    'orders.client.id': 'shop',
    'orders.order.id': orderId,
    'orders.idempotency.result': 'placed',
    'http.response.status_code': 201,
  });
  root.end();
}

async function call(
  name: string,
  constant: ConstantAttributes,
  attributes: Record<string, string | number> = {},
): Promise<void> {
  const parent = recordingSpan();
  const span = parent && startBelow(parent, name, SpanKind.CLIENT, constant).setAttributes(attributes);
  await Promise.resolve();
  span?.end();
}
