import type { Level } from '../api-types.ts';

/** @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const levels: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/**
 * The names that logging libraries give their levels, in lower case.
 *
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings
 */
const names: Readonly<Record<Level, readonly string[]>> = {
  trace: ['trace', 'finest'],
  debug: ['debug', 'verbose', 'finer', 'fine', 'config', 'dbug', 'dbg'],
  info: ['info', 'information', 'informational', 'notice', 'success'],
  warn: ['warn', 'warning', 'wrn'],
  error: ['error', 'err', 'eror', 'severe', 'alert', 'dpanic', 'panic'],
  // Critical is the highest level of .NET and Python; syslog has two above it.
  fatal: ['fatal', 'critical', 'crit', 'emergency', 'emerg'],
};
const byName: ReadonlyMap<string, Level> = new Map(
  levels.flatMap((level) => names[level].map((name): [string, Level] => [name, level])),
);

/** The level of a line: by its number; without one, by its text; without either, info. */
export function levelOf(severity: number, severityText: string): Level {
  const byNumber = levels[Math.floor((severity - 1) / 4)];
  if (byNumber !== undefined) return byNumber;
  // The short names of the data model count within a level: `WARN2`.
  return (
    byName.get(
      severityText
        .trim()
        .toLowerCase()
        .replace(/[2-4]$/, ''),
    ) ?? 'info'
  );
}

/** The number of a name in the JSON of OTLP, which counts within a level: `SEVERITY_NUMBER_WARN2`. */
export function severityNamed(text: string): number | undefined {
  const [, name = '', place = '1'] = /^SEVERITY_NUMBER_([A-Z]+)([2-4])?$/.exec(text) ?? [];
  const level = levels.findIndex((each) => each.toUpperCase() === name);
  return level === -1 ? undefined : 4 * level + Number(place);
}
