import type { Value, Values } from '../api-types.ts';

/** A value in the JSON of OTLP. */
export function anyValueOf(value: Value): Value {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map((each) => anyValueOf(each)) } };
  return { kvlistValue: { values: keyValuesOf(value) } };
}

/** @param exact those whose type JSON does not have, in the JSON of OTLP */
export function keyValuesOf(values: Values, exact: Values = {}): Value[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: Object.hasOwn(exact, key) ? (exact[key] ?? null) : anyValueOf(value),
  }));
}
