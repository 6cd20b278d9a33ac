import { inspect } from 'node:util';
import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { traceRequest } from '../../../lab/console/otlp/messages.ts';
import { decode } from '../../../lab/console/otlp/protobuf.ts';
import { constantAttributes } from '../../../src/telemetry/otlp/constant-attributes.ts';
import { createSpanBatch, type EndedSpan } from '../../../src/telemetry/otlp/otlp-spans.ts';
import { followWallClock } from '../../../src/telemetry/tracing/precise-time.ts';
import {
  RecordedSpan,
  type Recorder,
  type StartedSpan,
} from '../../../src/telemetry/tracing/recorded-span.ts';

// The SDK is the reference: the same calls on one of its spans give the expected result.

const ended: ReadableSpan[] = [];
const provider = new TracerProvider({
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: (span) => void ended.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
});
const tracer = provider.getTracer('orders');
const sdkSpan = () => tracer.startSpan('POST /orders') as unknown as Span & StartedSpan;

function newTrace(record: Recorder = () => {}): RecordedSpan {
  return RecordedSpan.takeOver(sdkSpan(), { name: 'POST /orders', kind: SpanKind.SERVER }, record);
}

function recordBelow(
  parent: RecordedSpan,
  change: (span: Span) => void,
  constant: Attributes = {},
): RecordedSpan {
  const about = { name: 'orders.place', kind: SpanKind.INTERNAL, constant: constantAttributes(constant) };
  const span = RecordedSpan.below(parent, about);
  change(span);
  span.end();
  return span;
}

function recordWithSdk(parent: Span, change: (span: Span) => void): ReadableSpan {
  const span = tracer.startSpan('orders.place', {}, trace.setSpan(context.active(), parent));
  change(span);
  span.end();
  const last = ended.at(-1);
  if (last === undefined) throw new Error('The SDK has recorded nothing.');
  return last;
}

function read(span: EndedSpan) {
  const batch = createSpanBatch();
  batch.add(span);
  const [only] = decode(traceRequest, Buffer.from(batch.toRequest()));
  return only;
}

/** Without the fields that differ from span to span: the id and all times. */
function comparable(span: EndedSpan): unknown {
  const vary = new Set(['spanId', 'start', 'end', 'time', 'startTime', 'endTime']);
  return JSON.parse(JSON.stringify(read(span), (name, part: unknown) => (vary.has(name) ? undefined : part)));
}

const value = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.array(fc.string(), { maxLength: 2 }),
);
const key = fc.constantFrom('orders.order.id', 'orders.order.status', 'error.type', 'db.system.name');
const attributes = fc.dictionary(key, value);
const linked = newTrace().spanContext();
const call = fc.oneof(
  fc.tuple(key, value).map((args) => (span: Span) => span.setAttribute(...args)),
  attributes.map((all) => (span: Span) => span.setAttributes(all)),
  fc.tuple(fc.string({ minLength: 1 }), attributes).map((args) => (span: Span) => span.addEvent(...args)),
  fc.string().map((message) => (span: Span) => span.setStatus({ code: SpanStatusCode.ERROR, message })),
  fc.string({ minLength: 1 }).map((name) => (span: Span) => span.updateName(name)),
  fc.constant((span: Span) => span.addLink({ context: linked, attributes: { reason: 'placed' } })),
);

test('a recorded span is exported like a span of the SDK after any sequence of calls', () => {
  fc.assert(
    fc.property(attributes, fc.array(call, { maxLength: 8 }), (constant, calls) => {
      const parent = newTrace();
      const own = recordBelow(parent, (span) => calls.forEach((change) => change(span)), constant);
      const expected = recordWithSdk(parent, (span) => {
        span.setAttributes(constant);
        for (const change of calls) change(span);
      });
      expect(comparable(own)).toEqual(comparable(expected));
    }),
  );
});

test('a recorded span that takes over the first span of a trace is exported like that span', () => {
  fc.assert(
    fc.property(fc.boolean(), attributes, fc.array(call, { maxLength: 8 }), (isRemote, decided, calls) => {
      const parent = trace.setSpanContext(ROOT_CONTEXT, { ...linked, isRemote: true });
      const options = { kind: SpanKind.SERVER, attributes: decided, links: [{ context: linked }] };
      const sdks = tracer.startSpan('orders.settle', options, isRemote ? parent : ROOT_CONTEXT);
      const about = { name: 'orders.settle', kind: SpanKind.SERVER };
      const own = RecordedSpan.takeOver(sdks as unknown as StartedSpan, about, () => {});
      for (const span of [own, sdks]) for (const change of calls) change(span);
      own.end();
      sdks.end();
      expect(own.spanContext()).toEqual(sdks.spanContext());
      expect(comparable(own)).toEqual(comparable(sdks as unknown as EndedSpan));
    }),
  );
});

test('a recorded span ends no earlier than it starts when the clock is set back in between', () => {
  const span = RecordedSpan.below(newTrace(), { name: 'orders.place', kind: SpanKind.INTERNAL });
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  onTestFinished(() => {
    clock.mockRestore();
    followWallClock();
  });
  // As the start of another trace does.
  followWallClock();
  span.end();
  expect(span.endTime).toEqual(span.startTime);
});

test('a recorded span is a child of its parent in the same trace and starts no earlier', () => {
  const parent = newTrace();
  const span = recordBelow(parent, () => {});
  expect(span.parentSpanContext).toEqual(parent.spanContext());
  expect(span.spanContext()).toMatchObject({
    traceId: parent.spanContext().traceId,
    traceFlags: parent.spanContext().traceFlags,
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
  });
  const [start, end] = [span.startTime, span.endTime].map(([seconds, rest]) => seconds * 1e9 + rest);
  expect(end).toBeGreaterThanOrEqual(start ?? Infinity);
});

test('a recorded span ignores changes after its end and is recorded once', () => {
  const taken: RecordedSpan[] = [];
  const about = { name: 'orders.place', kind: SpanKind.INTERNAL };
  const span = RecordedSpan.below(
    newTrace((done) => void taken.push(done)),
    about,
  );
  expect(span.isRecording()).toBe(true);
  span.end();
  const before = read(span);
  span.end();
  span
    .setAttribute('late', true)
    .addEvent('late')
    .setStatus({ code: SpanStatusCode.ERROR })
    .updateName('late');
  expect(taken).toEqual([span]);
  expect(span.isRecording()).toBe(false);
  expect(read(span)).toEqual(before);
});

test('a recorded span records an exception without its message', () => {
  const span = recordBelow(newTrace(), (open) =>
    open.recordException(new TypeError('card 4242424242424242')),
  );
  expect(span.events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': 'TypeError' } }]);
  expect(inspect(read(span), { depth: 9 })).not.toContain('4242');
});
