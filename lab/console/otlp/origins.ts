import type { Origin } from '../api-types.ts';
import { withExact } from './exact-values.ts';
import { boundedAttributes, boundedText, type Cuts } from './limits.ts';
import type { ReceivedOrigin } from './messages.ts';

/** Resources and scopes of spans, each kept once. Those that were not sent for longest are forgotten. */
export interface Origins {
  numberOf(origin: ReceivedOrigin): number;
  /** By number. */
  of(spans: Iterable<{ origin: number }>): Record<string, Origin>;
}

/** Bytes of one beside its text. */
const ownSize = 150;

/** @param capacity in bytes */
export function createOrigins(capacity: number): Origins {
  /** By content. The one that was not sent for longest is the first. */
  const numbers = new Map<string, number>();
  const texts = new Map<number, string>();
  const known = new WeakMap<ReceivedOrigin, number>();
  let made = 0;
  let bytes = 0;

  function forget(text: string, number: number): void {
    numbers.delete(text);
    texts.delete(number);
    bytes -= sizeOf(text);
  }

  function keep(origin: ReceivedOrigin): number {
    const text = JSON.stringify(boundedOrigin(origin));
    const before = numbers.get(text);
    made += before === undefined ? 1 : 0;
    const number = before ?? made;
    if (before !== undefined) forget(text, before);
    numbers.set(text, number);
    texts.set(number, text);
    bytes += sizeOf(text);
    for (const [oldest, its] of numbers) {
      if (bytes <= capacity) break;
      forget(oldest, its);
    }
    return number;
  }

  return {
    numberOf(origin) {
      const before = known.get(origin);
      if (before !== undefined) return before;
      const number = keep(origin);
      known.set(origin, number);
      return number;
    },
    of(spans) {
      const wanted = new Set([...spans].map(({ origin }) => origin));
      const found = [...wanted].map((number) => [number, texts.get(number)] as const);
      return Object.fromEntries(
        found.flatMap(([number, text]) => (text === undefined ? [] : [[number, JSON.parse(text) as Origin]])),
      );
    },
  };
}

const sizeOf = (text: string): number => ownSize + Buffer.byteLength(text);

function boundedOrigin({ resource, scope }: ReceivedOrigin): Origin {
  return {
    resource: maker(resource),
    scope: { name: boundedText(scope.name), version: boundedText(scope.version), ...maker(scope) },
  };
}

function maker({ attributes, droppedAttributes, schemaUrl }: ReceivedOrigin['resource']): Origin['resource'] {
  // Counted for the sender, not for its spans.
  const cuts: Cuts = { count: 0 };
  const shown = boundedAttributes(attributes, cuts);
  const dropped = droppedAttributes + cuts.count;
  return {
    attributes: shown,
    schemaUrl: boundedText(schemaUrl),
    ...withExact(attributes),
    ...(dropped > 0 && { dropped }),
  };
}
