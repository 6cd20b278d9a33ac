import type { Value, Values } from '../api-types.ts';
import { type Attributes, type AttributeValue, setMember } from './attributes.ts';

/** Bounds what is kept of one record, because a sender may send anything. Truncation is visible in the record. */

/** Maximum length of a string, in characters. */
const longestText = 4096;
const mostAttributes = 128;
const mostListed = 64;
const deepest = 4;
export const mostEvents = 128;
export const mostLinks = 32;

/** Of one metric. Points of further series are refused, because a label may have endless values. */
export const mostSeriesOfMetric = 500;
/** Every second of what the console shows. */
export const mostPointsOfSeries = 900;
export const mostExemplarsOfSeries = 30;
const mostLabels = 32;
const longestLabel = 256;
export const mostShownLabelValues = 50;

export function boundedText(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

export function boundedAttributes(attributes: Attributes): { values: Values; dropped: number } {
  const values: Values = {};
  let seen = 0;
  for (const name in attributes) {
    seen += 1;
    if (seen <= mostAttributes) setMember(values, boundedText(name), boundedValue(attributes[name]));
  }
  return { values, dropped: Math.max(0, seen - mostAttributes) };
}

export function boundedValue(value: AttributeValue, depth = deepest): Value {
  if (value === undefined) return null;
  if (typeof value === 'string') return boundedText(value);
  // JSON has no NaN or Infinity.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean') return value;
  // A page that parses JSON would round the number, and a copy of it would find nothing.
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, mostListed).map((each) => boundedValue(each, depth - 1));
  const members = Object.entries(value).slice(0, mostListed);
  return Object.fromEntries(
    members.map(([name, each]): [string, Value] => [boundedText(name), boundedValue(each, depth - 1)]),
  );
}

/** The attributes of a point as labels, whose values are texts. */
export function boundedLabels(attributes: Attributes, more: Record<string, string>): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(attributes), ...Object.entries(more)].slice(0, mostLabels)) {
    const kept = boundedValue(value);
    const text = typeof kept === 'string' ? kept : JSON.stringify(kept);
    setMember(labels, name.slice(0, longestLabel), text.slice(0, longestLabel));
  }
  return labels;
}
