import { resourceFromAttributes } from '@opentelemetry/resources';
import fc from 'fast-check';

/** The parts of spans and log records, for property tests of their encoding. */

export const resource = resourceFromAttributes({ 'service.name': 'orders', 'service.version': '1.2.3' });
export const scope = fc.constantFrom({ name: 'orders' }, { name: 'pg', version: '0.1.0' });

export const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  // Lengths around the sizes at which the length of a text, or of the message around it, needs another byte.
  fc.integer({ min: 60, max: 140 }).map((length) => 'a'.repeat(length)),
  fc.integer({ min: 120, max: 130 }).map((length) => 'é'.repeat(length)),
  fc.integer({ min: 16_370, max: 16_390 }).map((length) => 'a'.repeat(length)),
);
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.array(text, { maxLength: 3 }),
  fc.array(fc.maxSafeInteger(), { maxLength: 3 }),
);
export const attributes = fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), value, { maxKeys: 8 });
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((all) => Buffer.from(all).toString('hex'));
export const spanContext = fc.record({
  traceId: hex(16),
  spanId: hex(8),
  traceFlags: fc.constantFrom(0, 1),
  isRemote: fc.boolean(),
});
export const time = fc.tuple(fc.nat({ max: 4_000_000_000 }), fc.nat({ max: 999_999_999 }));
export const dropped = fc.nat({ max: 300 });
