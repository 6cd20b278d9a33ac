import { expect, test } from 'vitest';
import { ignoredValues, knownHttpMethods, serviceNameIn, variablesWithoutEffect } from './sdk-variables.ts';
import { loadTelemetryConfig } from './telemetry-config.ts';

const samplers =
  'always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio';

test.each([
  ['OTEL_TRACES_SAMPLER', 'parentbased', `one of ${samplers}, not "parentbased"`],
  ['OTEL_TRACES_SAMPLER_ARG', '10%', 'a share from 0 to 1, such as 0.2, not "10%"'],
  ['OTEL_LOG_LEVEL', 'warning', 'one of NONE, ERROR, WARN, INFO, DEBUG, VERBOSE, ALL, not "warning"'],
  ['OTEL_SDK_DISABLED', 'yes', 'one of true, false, not "yes"'],
  ['OTEL_TRACES_EXPORTER', 'oltp', 'a comma-separated list of otlp, console, zipkin, none, not "oltp"'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http', 'one of grpc, http/protobuf, http/json, not "http"'],
  ['OTEL_EXPORTER_OTLP_LOGS_COMPRESSION', 'zip', 'one of gzip, none, not "zip"'],
  ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', '10s', 'a number of milliseconds greater than 0, not "10s"'],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', '0', 'a number of milliseconds greater than 0, not "0"'],
  ['OTEL_SPAN_EVENT_COUNT_LIMIT', '-1', 'a whole number from 0 to 2147483647, not "-1"'],
  [
    'OTEL_EXPORTER_OTLP_CERTIFICATE',
    '/nowhere/ca.pem',
    'the path of a file that can be read, not "/nowhere/ca.pem"',
  ],
  ['OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY', 'src', 'the path of a file that can be read, not "src"'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'hush-hush@host:4318', 'a URL that starts with http:// or https://'],
])('%s=%s is reported with what it may be', (name, value, expected) => {
  expect(ignoredValues({ [name]: value })).toEqual([`${name} must be ${expected}. It is ignored.`]);
});

test('an OTLP endpoint that the SDK takes although it cannot send to it is reported as such', () => {
  for (const endpoint of ['collector:4318', 'grpc://collector:4317'])
    expect(ignoredValues({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL that starts with http:// or https://. Nothing can be sent to it.',
    ]);
});

test.each([
  ['a lone word', 'service.version=1,team'],
  ['a value with an equals sign', 'query=a=b'],
  ['a broken percent-encoding', 'share=10%'],
  ['no key', '=value'],
  ['a value of 256 characters', `note=${'x'.repeat(256)}`],
])('OTEL_RESOURCE_ATTRIBUTES with %s is reported with what it may be', (_what, raw) => {
  const list = 'a comma-separated list of key=value, percent-encoded, with at most 255 characters each';
  expect(ignoredValues({ OTEL_RESOURCE_ATTRIBUTES: raw })).toEqual([
    `OTEL_RESOURCE_ATTRIBUTES must be ${list}, not ${JSON.stringify(raw)}. It is ignored.`,
  ]);
});

test('a header that cannot be read is reported by its place, without its text', () => {
  const raw = 'authorization: Bearer hush-hush,tenant=shop,,share=10%,empty=';
  const report = (number: number) =>
    `Header ${number} of OTEL_EXPORTER_OTLP_HEADERS must be key=value, percent-encoded. It is ignored.`;
  expect(ignoredValues({ OTEL_EXPORTER_OTLP_HEADERS: raw })).toEqual([1, 4, 5].map((place) => report(place)));
  expect(ignoredValues({ OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'key=hush;hush' })).toEqual([
    'Header 1 of OTEL_EXPORTER_OTLP_LOGS_HEADERS must be key=value, percent-encoded. What follows its semicolon is ignored.',
  ]);
});

test.each([
  { OTEL_RESOURCE_ATTRIBUTES: 'service.version=1, team=a%3Db, empty=,' },
  { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20YTpi, tenant=shop,' },
  { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
  { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1e-3' },
  { OTEL_TRACES_EXPORTER: 'otlp, console', OTEL_PROPAGATORS: 'tracecontext,b3multi' },
  { OTEL_LOG_LEVEL: 'debug', OTEL_SDK_DISABLED: 'TRUE' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'HTTPS://collector:4318' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
  { OTEL_TRACES_SAMPLER: '', OTEL_LOG_LEVEL: ' ' },
  { OTEL_SERVICE_NAME: 'anything', OTEL_UNKNOWN: 'anything' },
])('%o is not reported', (env) => {
  expect(ignoredValues(env)).toEqual([]);
});

const usual = loadTelemetryConfig({});

test.each([
  { OTEL_PROPAGATORS: 'jaeger' },
  { OTEL_PROPAGATORS: 'xray,none' },
  { OTEL_PROPAGATORS: ' ' },
  { OTEL_TRACES_EXPORTER: 'oltp' },
  { OTEL_LOGS_EXPORTER: 'otlp,loki' },
  { OTEL_EXPORTER_OTLP_PROTOCOL: 'http' },
  { OTEL_TRACES_SAMPLER: 'parentbased' },
  { OTEL_SPAN_EVENT_COUNT_LIMIT: '-1' },
])('%o changes nothing, because it is ignored', (env) => {
  expect(loadTelemetryConfig(env)).toEqual(usual);
});

test('a standard variable that has no effect is reported with the reason', () => {
  const scraped = 'metrics are scraped from /metrics, and not sent';
  const env = {
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318/v1/metrics',
    OTEL_EXPORTER_PROMETHEUS_PORT: '',
    OTEL_CONFIG_FILE: 'otel.yaml',
    OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '3',
    OTEL_SEMCONV_STABILITY_OPT_IN: 'http/dup',
    OTEL_TRACES_SAMPLER: 'always_on',
  };
  expect(variablesWithoutEffect(env)).toEqual([
    'OTEL_CONFIG_FILE has no effect: each setting is a variable.',
    'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT has no effect: the SDK for Node.js reads OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT.',
    `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT has no effect: ${scraped}.`,
    `OTEL_METRICS_EXPORTER has no effect: ${scraped}.`,
    `OTEL_METRIC_EXPORT_INTERVAL has no effect: ${scraped}.`,
    'OTEL_SEMCONV_STABILITY_OPT_IN has no effect: spans have the stable names of the conventions, and METRICS_NAMES chooses those of metrics.',
  ]);
  expect(
    ['none', 'prometheus'].flatMap((name) => variablesWithoutEffect({ OTEL_METRICS_EXPORTER: name })),
  ).toEqual([]);
});

test('what only another variable gives an effect is reported without that one', () => {
  expect(variablesWithoutEffect({ OTEL_TRACES_SAMPLER_ARG: '0.1' })).toEqual([
    'OTEL_TRACES_SAMPLER_ARG has no effect: it needs OTEL_TRACES_SAMPLER=traceidratio or parentbased_traceidratio.',
  ]);
  for (const sampler of ['parentbased_always_on', 'parentbased', ' '])
    expect(
      variablesWithoutEffect({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.1' }),
    ).toHaveLength(1);
  const chosen = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pg' };
  expect(variablesWithoutEffect(chosen)).toEqual([
    'OTEL_NODE_DISABLED_INSTRUMENTATIONS has no effect: it needs TELEMETRY_INSTRUMENTATION=auto.',
    'OTEL_NODE_ENABLED_INSTRUMENTATIONS has no effect: it needs TELEMETRY_INSTRUMENTATION=auto.',
  ]);
  expect(variablesWithoutEffect({ ...chosen, TELEMETRY_INSTRUMENTATION: 'auto' })).toEqual([]);
  const env = {
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
  };
  expect(variablesWithoutEffect(env)).toEqual([]);
});

test('OTEL_SERVICE_NAME names the process, or else the attribute service.name does', () => {
  const attributes = { OTEL_RESOURCE_ATTRIBUTES: 'team=a, service.name = web%20shop' };
  expect(serviceNameIn({ ...attributes, OTEL_SERVICE_NAME: ' shop ' })).toBe('shop');
  expect(serviceNameIn({ ...attributes, OTEL_SERVICE_NAME: '' })).toBe('web shop');
  expect(serviceNameIn({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop,team' })).toBeUndefined();
  expect(serviceNameIn({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=' })).toBeUndefined();
  expect(serviceNameIn({})).toBeUndefined();
});

test('the known HTTP methods are those of RFC 9110, PATCH and QUERY, or the listed ones alone', () => {
  const known = (list?: string) =>
    knownHttpMethods(list === undefined ? {} : { OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: list });
  expect(known()).toEqual(
    expect.arrayContaining([
      'CONNECT',
      'DELETE',
      'GET',
      'HEAD',
      'OPTIONS',
      'PATCH',
      'POST',
      'PUT',
      'QUERY',
      'TRACE',
    ]),
  );
  expect(known('')).toEqual(known());
  expect(known('GET, PROPFIND')).toEqual(['GET', 'PROPFIND']);
  expect(known('GET, P/T')).toEqual(known());
});
