import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/config/environment.ts';
import { readCollector } from './collector.ts';

const port = 7073;

test('the console forwards nothing without an endpoint', () => {
  expect(readCollector({}, port)).toBeUndefined();
});

test('one endpoint receives all signals', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b, x-team=tea',
  };
  const headers = { 'x-key': 'a b', 'x-team': 'tea' };
  expect(readCollector(env, port)).toEqual({
    traces: { url: 'http://collector:4318/v1/traces', headers },
    logs: { url: 'http://collector:4318/v1/logs', headers },
    metrics: { url: 'http://collector:4318/v1/metrics', headers },
  });
});

test("a signal's own endpoint receives that signal alone", () => {
  expect(readCollector({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/in' }, port)).toEqual({
    traces: { url: 'https://traces.example/in', headers: {} },
  });
});

test.each(['http://127.0.0.1:7073', 'http://localhost:7073/', 'http://[::1]:7073'])(
  'the endpoint %s is refused because it is the console itself',
  (endpoint) => {
    expect(() => readCollector({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, port)).toThrow(
      new ConfigError(['OTEL_EXPORTER_OTLP_ENDPOINT is the console itself, which would forward in a loop']),
    );
  },
);

test('an endpoint that is not a URL is refused', () => {
  expect(() => readCollector({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' }, port)).toThrow(
    'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL that starts with http:// or https://',
  );
});

test("a signal's own endpoint that is not a URL is refused by its name", () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'junk',
  };
  expect(() => readCollector(env, port)).toThrow(
    new ConfigError([
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL that starts with http:// or https://',
    ]),
  );
});
