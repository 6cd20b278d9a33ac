import type { Value, Values } from '../api-types.ts';
import { anyValueOf } from './any-value.ts';
import { type Attributes, type AttributeValue, setMember, WholeDouble } from './attributes.ts';
import {
  boundedText,
  boundedValue,
  type Cuts,
  deepest,
  firstOf,
  mostAttributes,
  mostListed,
} from './limits.ts';

/** Maximum number of bytes of a value that is kept as it is: their base64 is as long as a text may be. */
const mostBytes = 3072;

/**
 * Attributes whose type JSON does not have, in the JSON of OTLP and within the limits: so a file with them is what was sent.
 *
 * @returns `undefined` if there are none, as for nearly every record
 */
function exactValues(attributes: Attributes): Values | undefined {
  let exact: Values | undefined;
  let seen = 0;
  for (const name in attributes) {
    seen += 1;
    if (seen > mostAttributes) break;
    const value = attributes[name];
    if (hasJsonType(value)) continue;
    exact ??= {};
    setMember(exact, boundedText(name), exactly(value));
  }
  return exact;
}

/** As a member beside the attributes. */
export function withExact(attributes: Attributes): { exact?: Values } {
  const exact = exactValues(attributes);
  return exact === undefined ? {} : { exact };
}

function hasJsonType(value: AttributeValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'bigint') return false;
  if (typeof value !== 'object') return true;
  if (value instanceof WholeDouble || Buffer.isBuffer(value)) return false;
  return (Array.isArray(value) ? value : Object.values(value)).every(hasJsonType);
}

function exactly(value: AttributeValue, depth = deepest): Value {
  if (value instanceof WholeDouble) return { doubleValue: value.value };
  if (typeof value === 'number' && !Number.isFinite(value)) return { doubleValue: String(value) };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (Buffer.isBuffer(value) && value.length <= mostBytes) return { bytesValue: value.toString('base64') };
  // What is cut off was counted with the values that are shown.
  const cuts: Cuts = { count: 0 };
  if (typeof value !== 'object' || Buffer.isBuffer(value) || depth === 0)
    return anyValueOf(boundedValue(value, cuts, depth));
  if (Array.isArray(value))
    return {
      arrayValue: { values: firstOf(value, mostListed, cuts).map((each) => exactly(each, depth - 1)) },
    };
  const members = firstOf(Object.entries(value), mostListed, cuts);
  return {
    kvlistValue: {
      values: members.map(([key, each]) => ({ key: boundedText(key), value: exactly(each, depth - 1) })),
    },
  };
}
