import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatFor } from './metrics-route.ts';

test.each([
  // https://github.com/prometheus/prometheus/blob/v3.14.0/scrape/scrape.go, acceptHeader
  [
    'Prometheus 3.14',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
  [
    'Prometheus 3.14 with native histograms',
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'openmetrics',
  ],
  [
    'Prometheus 2.42',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  [
    'Prometheus with scrape_protocols PrometheusText0.0.4',
    'text/plain;version=0.0.4;q=0.6,*/*;q=0.5',
    'text',
  ],
  ['curl', '*/*', 'text'],
  ['a client without the header', undefined, 'text'],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
  ['a client that takes both', 'text/plain, application/openmetrics-text', 'openmetrics'],
  ['a client that prefers text', 'application/openmetrics-text;q=0.5, text/plain', 'text'],
  ['a client that prefers any text', 'application/openmetrics-text;q=0.5, text/*;q=0.6', 'text'],
  ['a client that refuses OpenMetrics', 'application/openmetrics-text;q=0, */*', 'text'],
  ['a client that refuses text', 'text/plain;q=0, */*;q=0.1', 'openmetrics'],
  ['a client of any application type', 'application/*', 'openmetrics'],
  ['a client of a later version', 'application/openmetrics-text;version=2.0.0', 'text'],
  ['a client of another type', 'application/json', 'text'],
  ['a client in capital letters', 'Application/OpenMetrics-Text; Version="1.0.0"', 'openmetrics'],
  ['a client with a wrong weight', 'application/openmetrics-text;q=2, text/plain;q=0.1', 'text'],
  [
    'a client with a comma in quotation marks',
    'text/plain;a="b,c";q=0.1, application/openmetrics-text',
    'openmetrics',
  ],
] as const)('%s gets the format that it asks for', (_who, accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

test('any header gets a format in time that grows with its length', () => {
  const unit = fc.constantFrom(
    'a',
    '/',
    '*',
    ',',
    ';',
    '=',
    'q',
    '"',
    '\\',
    '0',
    '.',
    '1',
    ' ',
    'text/plain',
  );
  fc.assert(
    fc.property(fc.string({ unit }), (accept) => {
      expect(['openmetrics', 'text']).toContain(formatFor(accept));
    }),
  );
  for (const hostile of ['"', ',', 'a="', '\\"', ';q='])
    expect(formatFor(hostile.repeat(16_384 / hostile.length))).toBe('text');
});
