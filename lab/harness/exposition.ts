/** One sample of an exposition. */
export interface ExposedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  exemplar?: { labels: Record<string, string>; value: number; timestamp: number };
}

export interface Exposition {
  /** Type by metric family. */
  types: Record<string, string>;
  samples: ExposedSample[];
}

/** Scrapes a service in OpenMetrics, as Prometheus does, or a program that has only the older text format. */
export async function scrapeMetrics(
  adminUrl: string,
  options: { signal?: AbortSignal } = {},
): Promise<Exposition> {
  const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
  const response = await fetch(`${adminUrl}/metrics`, { ...options, headers });
  const type = response.headers.get('content-type') ?? '';
  const format = type.startsWith('application/openmetrics-text') ? 'openmetrics' : 'prometheus';
  return parseExposition(await response.text(), format);
}

const label = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"`;
const labels = String.raw`(?:\{((?:${label}(?:,${label})*)?)\})?`;
// prom-client writes "Nan", which Prometheus accepts.
const number = String.raw`(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|Na[Nn])`;
const sampleLine = new RegExp(
  String.raw`^([a-zA-Z_:][\w:]*)${labels} ${number}(?: # ${labels} ${number} ${number})?$`,
);

/**
 * Parses an exposition strictly. Families are named as in the format: in OpenMetrics, a counter's family lacks `_total`.
 *
 * @throws {SyntaxError} on a violation of the grammar, a sample outside its metric's metadata, or a duplicate series
 */
export function parseExposition(text: string, format: 'openmetrics' | 'prometheus'): Exposition {
  const require = (held: boolean, rule: string, line: string) => {
    if (!held) throw new SyntaxError(`${format}: ${rule}: ${line}`);
  };
  const suffixes: Record<string, string[]> = {
    counter: [format === 'openmetrics' ? '_total' : ''],
    gauge: [''],
    histogram: ['_bucket', '_sum', '_count'],
    summary: ['', '_sum', '_count'],
  };
  require(text.endsWith('\n'), 'ends in the middle of a line', text.slice(-20));
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics') require(lines.pop() === '# EOF', 'is cut off', text.slice(-20));

  const types = new Map<string, string>();
  const samples = new Map<string, ExposedSample>();
  let family = '';
  for (const line of lines.filter((text_) => text_ !== '' || format === 'openmetrics')) {
    const [, keyword, named = '', type = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'TYPE') {
      require(!types.has(named), 'a family in two blocks', line);
      types.set(named, type);
      family = named;
    }
    if (keyword) continue;

    const sample = parseSample(line);
    if (!sample) throw new SyntaxError(`${format}: not a sample: ${line}`);
    const own = suffixes[types.get(family) ?? ''] ?? [];
    require(own.some((suffix) => sample.name === family + suffix), `not one of ${family}`, line);
    require(!sample.exemplar || format === 'openmetrics', 'an exemplar', line);
    const series = JSON.stringify([sample.name, sample.labels]);
    require(!samples.has(series), 'a series twice', line);
    samples.set(series, sample);
  }
  return { types: Object.fromEntries(types), samples: [...samples.values()] };
}

function parseSample(line: string): ExposedSample | undefined {
  const [, name, own, value, exemplar, exemplarValue, timestamp] = sampleLine.exec(line) ?? [];
  if (name === undefined) return undefined;
  const sample = { name, labels: parseLabels(own), value: parseNumber(value) };
  if (exemplarValue === undefined) return sample;
  return {
    ...sample,
    exemplar: {
      labels: parseLabels(exemplar),
      value: parseNumber(exemplarValue),
      timestamp: parseNumber(timestamp),
    },
  };
}

function parseLabels(text = ''): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(new RegExp(label, 'g'))].map(([pair]) => {
      const [name = ''] = pair.split('=', 1);
      const value = pair.slice(name.length + 2, -1);
      return [
        name,
        value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
      ] as const;
    }),
  );
}

function parseNumber(text = 'NaN'): number {
  return Number(text.replace('Inf', 'Infinity'));
}
