import {
  context as contextApi,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { createBoundary } from './boundary.ts';

const ids = '00-12345678901234567890123456789012-1234567890123456';
const caller = {
  traceparent: `${ids}-01`,
  tracestate: 'vendor=1,tenant@x=2,ot=th:8;rv:01',
  baggage: 'tenant=shop,card=4111111111111111,region=eu',
};
const defaults = {
  formats: ['tracecontext', 'baggage'],
  decidesAlone: false,
  internalHosts: [],
  sharedKeys: [],
};
type Options = Partial<Parameters<typeof createBoundary>[0]>;

/** The headers of a request to this host, sent while a request with the caller's headers is handled. */
function sentTo(origin: string, options: Options = {}, received: object = caller): Record<string, string> {
  const boundary = createBoundary({ ...defaults, ...options } as Parameters<typeof createBoundary>[0]);
  const context = boundary.propagator.extract(ROOT_CONTEXT, received, defaultTextMapGetter);
  const span = trace.getSpan(context) ?? trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 });
  boundary.sendsTo(span, origin);
  const headers: Record<string, string> = {};
  boundary.propagator.inject(trace.setSpan(context, span), headers, defaultTextMapSetter);
  return headers;
}

describe('a request to a third party', () => {
  test('a request to a third party carries the ids of the trace and nothing else', () => {
    expect(sentTo('https://payments.example')).toEqual({ traceparent: caller.traceparent });
  });

  test('a request to a third party carries the listed keys of baggage and tracestate', () => {
    expect(sentTo('https://payments.example', { sharedKeys: ['region', 'tenant@x'] })).toEqual({
      traceparent: caller.traceparent,
      tracestate: 'tenant@x=2',
      baggage: 'region=eu',
    });
  });

  test.each(['https://orders.internal.evil.example', 'https://internal', 'https://xorders', 'not a URL'])(
    'a request to a third party is one to %s, which the list of internal hosts does not name',
    (origin) => {
      const internalHosts = ['orders', '*.internal'];
      expect(sentTo(origin, { internalHosts })).toEqual({ traceparent: caller.traceparent });
    },
  );

  test('a request to a third party is every request whose callee nobody has told', () => {
    const { propagator } = createBoundary({ ...defaults, formats: ['tracecontext', 'baggage'] });
    const headers = {};
    const context = propagator.extract(contextApi.active(), caller, defaultTextMapGetter);
    propagator.inject(context, headers, defaultTextMapSetter);
    expect(headers).toEqual({ traceparent: caller.traceparent });
  });
});

test.each([
  'http://orders:7070',
  'https://a.b.internal',
  'https://A.INTERNAL:8443/x',
  'https://a.internal.:8443',
  'http://[::1]:7070',
])('a request to the internal host %s carries everything', (origin) => {
  expect(sentTo(origin, { internalHosts: ['orders', '*.internal', '[::1]'] })).toEqual(caller);
});

describe('the sampling threshold of the caller', () => {
  const internalHosts = ['orders'];
  test.each([
    ['ot=th:8;rv:01,vendor=1', 'ot=rv:01,vendor=1'],
    ['ot=th:8', undefined],
    ['vendor=1,ot=th:ffffffff', 'vendor=1'],
    ['vendor=1,ot=rv:01', 'vendor=1,ot=rv:01'],
  ])('a sampling threshold in %s is removed where the sampler decides alone', (tracestate, expected) => {
    const options = { internalHosts, decidesAlone: true };
    expect(sentTo('http://orders', options, { ...caller, tracestate })['tracestate']).toBe(expected);
  });
});

test('headers that are to be ignored are not read', () => {
  const boundary = createBoundary({ ...defaults, formats: ['tracecontext', 'baggage'] });
  const headers = { ...caller };
  boundary.ignore(headers);
  expect(boundary.propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)).toBe(ROOT_CONTEXT);
  expect(boundary.propagator.extract(ROOT_CONTEXT, { ...caller }, defaultTextMapGetter)).not.toBe(
    ROOT_CONTEXT,
  );
});
