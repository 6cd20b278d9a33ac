import type { Value, Values } from '../api-types.ts';
import { ownText } from '../own-text.ts';
import { type Attributes, type AttributeValue, setMember, WholeDouble } from './attributes.ts';

/** Bounds what is kept of one record, because a sender may send anything. Truncation is visible in the record. */

/** Maximum length of a string, in characters. */
const longestText = 4096;
export const mostAttributes = 128;
export const mostListed = 64;
export const deepest = 4;
export const mostEvents = 128;
export const mostLinks = 32;

/** Of one metric. Points of further series are refused, because a label may have endless values. */
export const mostSeriesOfMetric = 500;
/** Every second of what the console shows. */
export const mostPointsOfSeries = 900;
/** Of one point as well. */
export const mostExemplarsOfSeries = 30;
const mostLabels = 32;
const longestLabel = 256;
export const mostShownLabelValues = 50;

/** Counts what the limits take from a record: one for each text that is shortened, and for each entry that is left out. */
export interface Cuts {
  count: number;
}

export function boundedText(text: string, cuts?: Cuts): string {
  return shortened(text, longestText, cuts, '…');
}

function shortened(text: string, longest: number, cuts: Cuts | undefined, mark = ''): string {
  if (text.length <= longest) return text;
  if (cuts !== undefined) cuts.count += 1;
  return ownText(text.slice(0, longest) + mark);
}

/** The first entries of a list. */
export function firstOf<T>(list: readonly T[], most: number, cuts: Cuts): readonly T[] {
  if (list.length <= most) return list;
  cuts.count += list.length - most;
  return list.slice(0, most);
}

/** @returns the same object if nothing of it is to be changed, as it is nearly always */
export function boundedAttributes(attributes: Attributes, cuts: Cuts): Values {
  return isBounded(attributes) ? (attributes as Values) : copied(attributes, cuts);
}

/** Whether all values are texts, numbers and booleans within the limits. */
function isBounded(attributes: Attributes): boolean {
  let seen = 0;
  for (const name in attributes) {
    seen += 1;
    if (seen > mostAttributes || name.length > longestText || !isPlain(attributes[name])) return false;
  }
  return true;
}

const isPlain = (value: AttributeValue): boolean =>
  typeof value === 'string'
    ? value.length <= longestText
    : typeof value === 'number'
      ? Number.isFinite(value)
      : typeof value === 'boolean';

function copied(attributes: Attributes, cuts: Cuts): Values {
  const values: Values = {};
  let seen = 0;
  for (const name in attributes) {
    seen += 1;
    if (seen <= mostAttributes)
      setMember(values, boundedText(name, cuts), boundedValue(attributes[name], cuts));
  }
  cuts.count += Math.max(0, seen - mostAttributes);
  return values;
}

export function boundedValue(value: AttributeValue, cuts: Cuts, depth = deepest): Value {
  if (value === undefined) return null;
  if (typeof value === 'string') return boundedText(value, cuts);
  // JSON has no NaN or Infinity.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean') return value;
  if (value instanceof WholeDouble) return value.value;
  // A page that parses JSON would round the number, and a copy of it would find nothing.
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return `${value.length} bytes`;
  if (depth === 0) {
    cuts.count += 1;
    return '…';
  }
  if (Array.isArray(value))
    return firstOf(value, mostListed, cuts).map((each) => boundedValue(each, cuts, depth - 1));
  const members = firstOf(Object.entries(value), mostListed, cuts);
  return Object.fromEntries(
    members.map(([name, each]): [string, Value] => [
      boundedText(name, cuts),
      boundedValue(each, cuts, depth - 1),
    ]),
  );
}

/** A value as it stands in a line of text. */
export const asText = (value: Value): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The attributes of a point as labels, whose values are texts. */
export function boundedLabels(
  attributes: Attributes,
  more: Record<string, string>,
  cuts: Cuts,
): Record<string, string> {
  const labels: Record<string, string> = {};
  const pairs = [...Object.entries(attributes), ...Object.entries(more)];
  for (const [name, value] of firstOf(pairs, mostLabels, cuts)) {
    const ofValue: Cuts = { count: 0 };
    const kept = boundedValue(value, ofValue);
    setMember(labels, shortened(name, longestLabel, cuts), shortened(asText(kept), longestLabel, ofValue));
    // A text that both limits shorten is one.
    cuts.count += typeof kept === 'string' ? Math.min(ofValue.count, 1) : ofValue.count;
  }
  return labels;
}
