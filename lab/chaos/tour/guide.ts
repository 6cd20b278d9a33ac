import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import type { ReceivedSpan } from '../../console/otlp/messages.ts';
import { type Customers, type Reply, startCustomers } from '../customers.ts';
import { percentile, toWaterfall } from '../evidence.ts';
import { printWaterfall } from '../report/waterfall.ts';
import { type Sampling, startSampling } from '../sampling.ts';
import type { Place } from './place.ts';
import type { Step, Story } from '../../tours/stories.ts';

export interface GuideOptions {
  place: Place;
  say(text: string): void;
  /** Resolves when the reader continues. */
  next(): Promise<void>;
  signal: AbortSignal;
}

/** Orders a second without a fault. */
const usualRate = 10;

/** Plays a story step by step. The gateway's faults are cleared before it returns or throws. */
export async function playStory(story: Story, options: GuideOptions): Promise<void> {
  const { place, say, next, signal } = options;
  say(`\n${styleText('bold', story.title)}`);
  let orderId: string | undefined;
  try {
    for (const [index, step] of story.steps.entries()) {
      signal.throwIfAborted();
      say(`\n${styleText('cyan', `${index + 1}/${story.steps.length}`)}  ${step.text}`);
      orderId = (await take(step, orderId, options)) ?? orderId;
      await next();
    }
  } finally {
    await place.gateway.clearFaults();
  }
  say('\nThe gateway works again.');
}

/** Returns the id of an order that later steps refer to. */
async function take(
  step: Step,
  orderId: string | undefined,
  options: GuideOptions,
): Promise<string | undefined> {
  const { place, say } = options;
  switch (step.kind) {
    case 'read':
      return undefined;
    case 'faults': {
      const settings = JSON.stringify(step.settings);
      say(
        `      curl -X PUT ${place.gateway.url}/faults -H 'content-type: application/json' -d '${settings}'`,
      );
      await place.gateway.setFaults(step.settings);
      return undefined;
    }
    case 'watch':
      await watch(step.seconds, step.load === 'overload', options);
      return undefined;
    case 'order':
      return placeOne(step.token, options);
    case 'settled':
      if (orderId !== undefined) await waitForSettlement(orderId, options);
      return undefined;
    case 'look': {
      const { grafana } = place.pages;
      say(
        grafana === undefined
          ? `      With the stack up (npm run stack:native): Grafana, dashboard ${step.dashboard}, panel "${step.panel}".`
          : `      ${grafana}/d/${step.dashboard}  panel "${step.panel}"`,
      );
      if (place.pages.console !== undefined)
        say(`      ${place.pages.console}  the console, second by second`);
      return undefined;
    }
  }
}

async function watch(
  seconds: number,
  overload: boolean,
  { place, say, signal }: GuideOptions,
): Promise<void> {
  const replies: Reply[] = [];
  await using parts = new AsyncDisposableStack();
  const sampling = startSampling({ adminUrls: [place.adminUrl] });
  parts.defer(() => sampling.stop());
  const customers: Customers = startCustomers({
    urls: () => [place.url],
    rate: usualRate,
    seed: Math.floor(Math.random() * 2 ** 32),
    run: `tour${Date.now()}`,
    apiKeys: place.apiKeys,
    patient: false,
    onReply: (reply) => replies.push(reply),
  });
  parts.defer(() => customers.close(0));
  if (overload) {
    await place.gateway.setFaults({ latencyMs: place.overload.latencyMs });
    parts.defer(() => place.gateway.clearFaults());
    customers.surge(place.overload.rate);
  }
  say(`      ${styleText('dim', '  s    paid  pending  declined  refused       p99  breaker')}`);
  for (let second = 1; second <= seconds; second += 1) {
    await delay(1000, undefined, { signal });
    say(`      ${figures(second, replies.splice(0), sampling)}`);
  }
}

function figures(second: number, replies: readonly Reply[], sampling: Sampling): string {
  const of = (pattern: RegExp) => String(replies.filter(({ answer }) => pattern.test(answer)).length);
  const p99 = percentile(
    replies.map(({ duration }) => duration),
    0.99,
  );
  const circuit = sampling.samples.at(-1)?.circuit ?? '–';
  return [
    String(second).padStart(3),
    of(/^201$/).padStart(7),
    of(/^202$/).padStart(8),
    of(/^402$/).padStart(9),
    of(/^[45]\d\d |^no answer$/).padStart(8),
    (Number.isNaN(p99) ? '–' : `${p99.toFixed(0)} ms`).padStart(9),
    `  ${styleText(circuit === 'closed' ? 'green' : 'red', circuit)}`,
  ].join('');
}

async function placeOne(paymentToken: string, { place, say, signal }: GuideOptions): Promise<string> {
  const startedAt = performance.now();
  const response = await fetch(`${place.url}/orders`, {
    method: 'POST',
    signal,
    headers: {
      authorization: `Bearer ${place.apiKeys.shop}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({
      customerId: 'cus_42',
      currency: 'EUR',
      items: [{ sku: 'TEA-001', quantity: 2, unitPriceMinor: 450 }],
      paymentToken,
    }),
  });
  const took = performance.now() - startedAt;
  const order = (await response.json()) as { id?: string; status?: string };
  say(`      ${response.status} ${order.status ?? ''} after ${took.toFixed(0)} ms, order ${order.id ?? '–'}`);
  const traceId = response.headers.get('traceparent')?.split('-')[1];
  if (traceId !== undefined) await showTrace(traceId, place, say);
  return order.id ?? '';
}

/** Milliseconds. Spans are sent in batches. */
const spansWithin = 3000;

async function showTrace(
  traceId: string,
  { pages, spans }: Place,
  say: (text: string) => void,
): Promise<void> {
  if (pages.jaeger !== undefined) say(`      ${pages.jaeger}/trace/${traceId}`);
  if (pages.console !== undefined) say(`      ${pages.console}  trace ${traceId}`);
  if (spans) await showSpans(() => spans.filter((span) => span.traceId === traceId), say);
}

/** Waits for the root span, which ends last, then prints the trace. */
async function showSpans(find: () => readonly ReceivedSpan[], say: (text: string) => void): Promise<void> {
  const giveUpAt = performance.now() + spansWithin;
  const isWhole = () => find().some(({ parentSpanId }) => parentSpanId === '');
  while (!isWhole() && performance.now() < giveUpAt) await delay(50);
  const lines = printWaterfall(toWaterfall(find())).split('\n');
  for (const line of lines) say(`      ${line}`);
}

/** Spans of the settlement worker's round that settled the order. */
function settlementOf(orderId: string, spans: readonly ReceivedSpan[]): readonly ReceivedSpan[] {
  const root = spans.findLast(
    ({ name, attributes }) => name === 'orders.settle' && attributes['orders.order.id'] === orderId,
  );
  return root ? spans.filter(({ traceId }) => traceId === root.traceId) : [];
}

/** Seconds. The worker backs off after every failed attempt. */
const settledWithin = 60;

async function waitForSettlement(orderId: string, { place, say, signal }: GuideOptions): Promise<void> {
  const startedAt = performance.now();
  say(`      waiting for the settlement worker, ${settledWithin} s at most`);
  while (performance.now() - startedAt < 1000 * settledWithin) {
    const response = await fetch(`${place.url}/orders/${orderId}`, {
      signal,
      headers: { authorization: `Bearer ${place.apiKeys.shop}` },
    });
    const { status } = (await response.json()) as { status?: string };
    if (status !== 'pending') {
      const charge = await place.gateway.chargeOf(orderId);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      say(
        `      ${status} after another ${seconds} s. The gateway counts ${charge?.attempts ?? 0} attempts and ${charge?.captures ?? 0} charge(s).`,
      );
      const { spans } = place;
      if (spans) await showSpans(() => settlementOf(orderId, spans), say);
      return;
    }
    await delay(200, undefined, { signal });
  }
  say(`      still pending after ${settledWithin} s`);
}
