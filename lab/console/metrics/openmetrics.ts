import { ownText } from '../own-text.ts';

/** One sample of an exposition. */
export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
  /** `time` is in seconds since 1970; missing if the exposition has none. */
  exemplar?: { labels: Readonly<Record<string, string>>; value: number; time?: number };
}

/** Prometheus's own format allows it between all parts; OpenMetrics has one space or none. */
const blank = String.raw`[ \t]*`;
const label = String.raw`[a-zA-Z_][\w.]*${blank}=${blank}"(?:[^"\\\n]|\\.)*"`;
const labels = String.raw`(?:${blank}\{((?:${blank}${label}(?:${blank},)?)*)${blank}\})?`;
const number = String.raw`([+-]?(?:[\d.]+(?:[eE][+-]?\d+)?|Inf|NaN|Nan))`;
const line = new RegExp(
  String.raw`^([a-zA-Z_:][\w:]*)${labels}[ \t]+${number}(?:[ \t]+-?[\d.]+)?(?: +# +${labels} +${number}(?: +${number})?)?\s*$`,
);
const oneLabel = new RegExp(label, 'g');

/**
 * Reads an exposition in the Prometheus or OpenMetrics format. Lines that are not samples of a wanted metric are
 * skipped. prom-client only writes expositions; it has no parser.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function readSamples(text: string, isWanted: (name: string) => boolean): Sample[] {
  const samples: Sample[] = [];
  for (const each of text.split('\n')) {
    if (each.startsWith('#') || !isWanted(nameOf(each))) continue;
    const sample = readSample(each);
    if (sample) samples.push(sample);
  }
  return samples;
}

function nameOf(each: string): string {
  return /^[\w:]*/.exec(each)?.[0] ?? '';
}

function readSample(each: string): Sample | undefined {
  const [, name, own, value, exemplarLabels, exemplarValue, time] = line.exec(each) ?? [];
  if (name === undefined) return undefined;
  const sample = { name, labels: readLabels(own), value: readNumber(value) };
  if (exemplarValue === undefined) return sample;
  const exemplar = { labels: ownLabels(readLabels(exemplarLabels)), value: readNumber(exemplarValue) };
  return { ...sample, exemplar: time === undefined ? exemplar : { ...exemplar, time: readNumber(time) } };
}

function readLabels(text = ''): Record<string, string> {
  const pairs = (text.match(oneLabel) ?? []).map((pair): [string, string] => {
    const name = pair.slice(0, pair.indexOf('=')).trim();
    return [name, pair.slice(pair.indexOf('"') + 1, -1).replaceAll(/\\(.)/g, unescape)];
  });
  return Object.fromEntries(pairs);
}

/** Exemplars are kept for minutes, and each would keep its exposition. */
function ownLabels(of: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [ownText(name), ownText(value)]));
}

function unescape(_all: string, escaped: string): string {
  return escaped === 'n' ? '\n' : escaped;
}

function readNumber(text = 'NaN'): number {
  return Number(text.replace('Inf', 'Infinity').replace('Nan', 'NaN'));
}
