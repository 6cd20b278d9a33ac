import type { Value, Values } from '../api-types.ts';
import type { Attributes, AttributeValue } from './messages.ts';

/** Bounds what is kept of one record, because a sender may send anything. Truncation is visible in the record. */

/** Maximum length of a string, in characters. */
const longestText = 4096;
const mostAttributes = 128;
const mostListed = 64;
const deepest = 4;
export const mostEvents = 128;
export const mostLinks = 32;

export function boundedText(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

export function boundedAttributes(attributes: Attributes): { values: Values; dropped: number } {
  const all = Object.entries(attributes);
  const kept = all
    .slice(0, mostAttributes)
    .map(([name, value]): [string, Value] => [boundedText(name), boundedValue(value)]);
  return { values: Object.fromEntries(kept), dropped: all.length - kept.length };
}

export function boundedValue(value: AttributeValue, depth = deepest): Value {
  if (value === undefined) return null;
  if (typeof value === 'string') return boundedText(value);
  // JSON has no NaN or Infinity.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean') return value;
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, mostListed).map((each) => boundedValue(each, depth - 1));
  const members = Object.entries(value).slice(0, mostListed);
  return Object.fromEntries(
    members.map(([name, each]): [string, Value] => [boundedText(name), boundedValue(each, depth - 1)]),
  );
}
