import type { Labels } from '../promql/expression.ts';

/**
 * Fills in the template of a label or an annotation: `$labels.…`, `$value`, `printf` with `%.nf` and the functions that write
 * numbers for people, also behind a `|`, and `if eq`. A template with anything else is returned as it is written.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
 */
export function fillIn(template: string, labels: Labels, value: number): string {
  const chosen = template.replaceAll(
    /\{\{\s*if eq \$labels\.(\w+) "([^"]*)"\s*\}\}(.*?)\{\{\s*end\s*\}\}/gs,
    (_all, label: string, wanted: string, text: string) => ((labels[label] ?? '') === wanted ? text : ''),
  );
  let isKnown = true;
  const filled = chosen.replaceAll(/\{\{\s*(.*?)\s*\}\}/gs, (_all, action: string) => {
    const text = resultOf(action, labels, value);
    isKnown &&= text !== undefined;
    return text ?? '';
  });
  return isKnown ? filled : template;
}

function resultOf(written: string, labels: Labels, value: number): string | undefined {
  // `$value | humanize` is `humanize $value`.
  const action = written.replace(/^(\$value)\s*\|\s*(\w.*)$/s, '$2 $1');
  const [, label] = /^\$labels\.(\w+)$/.exec(action) ?? [];
  if (label !== undefined) return labels[label] ?? '';
  if (action === '$value') return plain(value);
  const [, digits] = /^printf "%\.(\d)f" \$value$/.exec(action) ?? [];
  if (digits !== undefined) return value.toFixed(Number(digits));
  const [, name = ''] = /^(\w+) \$value$/.exec(action) ?? [];
  return writers[name]?.(value);
}

const writers: Readonly<Record<string, (value: number) => string>> = {
  humanize: (value) => withPrefix(value, 1000),
  humanizePercentage: (value) => `${fourDigits(value * 100)}%`,
  humanizeDuration(value) {
    if (!Number.isFinite(value)) return fourDigits(value);
    if (Math.abs(value) < 1) return `${withPrefix(value, 1000)}s`;
    const whole = Math.trunc(Math.abs(value));
    const parts: ReadonlyArray<[number, string]> = [
      [Math.floor(whole / 86_400), 'd'],
      [Math.floor(whole / 3600) % 24, 'h'],
      [Math.floor(whole / 60) % 60, 'm'],
      [whole % 60, 's'],
    ];
    const first = parts.findIndex(([figure]) => figure > 0);
    const sign = value < 0 ? '-' : '';
    if (first === parts.length - 1) return `${sign}${fourDigits(Math.abs(value))}s`;
    return (
      sign +
      parts
        .slice(first)
        .map(([figure, unit]) => figure + unit)
        .join(' ')
    );
  },
};

function withPrefix(value: number, step: number): string {
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  const [prefixes, factor] =
    Math.abs(value) >= 1
      ? [['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'], 1 / step]
      : [['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'], step];
  let [scaled, prefix] = [value, ''];
  for (const each of prefixes) {
    if (factor < 1 ? Math.abs(scaled) < step : Math.abs(scaled) >= 1) break;
    prefix = each;
    scaled *= factor;
  }
  return fourDigits(scaled) + prefix;
}

/** Go's `%.4g`. */
function fourDigits(value: number): string {
  if (!Number.isFinite(value)) return plain(value);
  const exponent = Number(value.toExponential(3).split('e')[1]);
  if (value === 0 || (exponent >= -4 && exponent < 4)) return String(Number(value.toPrecision(4)));
  return goExponent(value.toExponential(3).replace(/\.?0+e/, 'e'));
}

/** Go's `%v`. */
function plain(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const isSmall = value !== 0 && Math.abs(value) < 1e-4;
  return isSmall || Math.abs(value) >= 1e21 ? goExponent(value.toExponential()) : String(value);
}

/** At least two digits. */
const goExponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');
