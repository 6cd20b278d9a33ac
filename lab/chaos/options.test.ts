import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

const given = [
  '--url=http://shop/',
  '--admin-url=http://shop:7071',
  '--gateway-url=http://gateway',
  '--database-url=postgres://shop',
];

test('an address of a running service without the others is refused, that of its Prometheus as well', () => {
  for (const part of [...given, '--prometheus-url=http://prometheus'])
    expect(() => readOptions([part])).toThrow(/^--url, .* go together, and --prometheus-url needs them\.$/);
});

test('--no-alerts leaves out the alerts of a running service, too', () => {
  const withPrometheus = [...given, '--prometheus-url=http://prometheus/'];
  expect(readOptions(withPrometheus).given?.prometheusUrl).toBe('http://prometheus');
  expect(readOptions([...withPrometheus, '--no-alerts']).given).toEqual({
    urls: ['http://shop'],
    adminUrls: ['http://shop:7071'],
    gatewayUrl: 'http://gateway',
    databaseUrl: 'postgres://shop',
    apiKey: 'demo-key',
  });
});
