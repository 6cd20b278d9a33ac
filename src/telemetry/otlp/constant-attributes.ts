import type { Attributes } from '@opentelemetry/api';
import { encodeAttributes } from './otlp-attributes.ts';

/** Attributes that many spans have alike, and which are therefore encoded once. */
export interface ConstantAttributes {
  readonly attributes: Readonly<Attributes>;
  /** As OTLP has them in a span. */
  readonly encoded: Uint8Array;
}

export function constantAttributes(attributes: Readonly<Attributes>): ConstantAttributes {
  return { attributes, encoded: encodeAttributes(attributes) };
}

export const noAttributes = constantAttributes({});

/** Made once for each pair of texts, of which there have to be few. */
export function oncePerPair<Made>(
  make: (first: string, second: string) => Made,
): (first: string, second: string) => Made {
  // In two steps: a key of both would have to be made, and hashed, for every look.
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
 * Made once for each key.
 *
 * @param keyOf of which there have to be few
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
