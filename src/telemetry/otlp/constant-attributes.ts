import type { Attributes } from '@opentelemetry/api';
import { encodeAttributes } from './otlp-attributes.ts';

/** Attributes shared by many spans, encoded once. */
export interface ConstantAttributes {
  readonly attributes: Readonly<Attributes>;
  /** The attributes in the wire format of a span. */
  readonly encoded: Uint8Array;
}

export function constantAttributes(attributes: Readonly<Attributes>): ConstantAttributes {
  return { attributes, encoded: encodeAttributes(attributes) };
}

export const noAttributes = constantAttributes({});

/** Caches one result per pair of texts without a bound, so pass only pairs from a small set. */
export function oncePerPair<Made>(
  make: (first: string, second: string) => Made,
): (first: string, second: string) => Made {
  // Two nested maps: one map would need a joined key, built and hashed at every lookup.
  const known = new Map<string, Map<string, Made>>();
  return (first, second) => {
    const found = known.get(first)?.get(second);
    if (found !== undefined) return found;
    const made = make(first, second);
    known.set(first, (known.get(first) ?? new Map<string, Made>()).set(second, made));
    return made;
  };
}

/**
 * Caches the attributes of each key without a bound.
 *
 * @param keyOf returns a key from a small set
 */
export function attributesByKey<Source>(
  keyOf: (source: Source) => string,
  describe: (source: Source) => Attributes,
): (source: Source) => ConstantAttributes {
  const known = new Map<string, ConstantAttributes>();
  return (source) => {
    const key = keyOf(source);
    let found = known.get(key);
    if (found === undefined) {
      found = constantAttributes(describe(source));
      known.set(key, found);
    }
    return found;
  };
}
