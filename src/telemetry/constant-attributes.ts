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
