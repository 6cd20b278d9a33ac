import { diag } from '@opentelemetry/api';
import { parseKeyPairsIntoRecord } from '@opentelemetry/core';
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import { envDetector } from '@opentelemetry/resources';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { ignoredValues } from '../../config/sdk-variables.ts';

/** What the service reports as ignored is what the SDK does not take, for any text. */

afterEach(() => vi.unstubAllEnvs());

const entry = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'B', '=', '%', ' ', ';', '2', '0'), maxLength: 6 }),
  fc.constantFrom(
    'service.version=1',
    'team=a%3Db',
    `note=${'x'.repeat(255)}`,
    `note=${'x'.repeat(256)}`,
    `note= ${'x'.repeat(255)}`,
    'team =a',
    '%20=',
    'k=%20',
    '=v',
    'k=',
  ),
);
const list = fc.array(entry, { minLength: 1, maxLength: 4 }).map((entries) => entries.join(','));
/** An attribute that the SDK takes, unless another one makes it take none. */
const marked = list.map((raw) => `${raw},last=taken`);

test('OTEL_RESOURCE_ATTRIBUTES is reported if, and only if, the SDK takes none of the attributes', () => {
  fc.assert(
    fc.property(marked, (raw) => {
      vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', raw);
      const isTaken = envDetector.detect().attributes?.['last'] === 'taken';
      expect(ignoredValues({ OTEL_RESOURCE_ATTRIBUTES: raw })).toHaveLength(isTaken ? 0 : 1);
    }),
  );
});

test('a header is reported if, and only if, the SDK leaves out the whole of it, or what follows a semicolon', () => {
  fc.assert(
    fc.property(entry, (raw) => {
      const isSent = Object.keys(parseKeyPairsIntoRecord(raw)).length > 0 && !raw.includes(';');
      const isEmpty = raw.trim() === '';
      expect(ignoredValues({ OTEL_EXPORTER_OTLP_HEADERS: raw })).toHaveLength(isSent || isEmpty ? 0 : 1);
    }),
  );
});

const amount = fc.oneof(
  fc.constantFrom('0', '-1', '250', '0.5', '1e4', '0x10', '10s', 'Infinity', 'NaN'),
  fc.double().map(String),
);

test('OTEL_EXPORTER_OTLP_TIMEOUT is reported if, and only if, the SDK does not take it', () => {
  fc.assert(
    fc.property(amount, (raw) => {
      vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', raw);
      const { timeoutMillis } = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', {});
      const isTaken = timeoutMillis === Number(raw);
      expect(ignoredValues({ OTEL_EXPORTER_OTLP_TIMEOUT: raw }), raw).toHaveLength(isTaken ? 0 : 1);
    }),
  );
});

test.each(['package.json', 'src', 'nowhere.pem', ''])(
  'a certificate in %j is reported if, and only if, the SDK cannot read it',
  (raw) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', raw);
    const warn = vi.spyOn(diag, 'warn').mockReturnValue();
    convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', {});
    expect(ignoredValues({ OTEL_EXPORTER_OTLP_CERTIFICATE: raw })).toHaveLength(warn.mock.calls.length);
    warn.mockRestore();
  },
);
