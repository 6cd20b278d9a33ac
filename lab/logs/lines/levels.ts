/** The names of levels in metrics; the first is for lines without a level, or with an unknown one. */
export const levelNames = ['unknown', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** From this index on, a line is an error. */
export const firstError = 5;

/**
 * Severity numbers by the names that loggers use, in lower case.
 *
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings
 */
const severities: Readonly<Record<string, number>> = {
  trace: 1,
  verbose: 1,
  finest: 1,
  debug: 5,
  dbg: 5,
  finer: 5,
  fine: 6,
  config: 7,
  info: 9,
  information: 9,
  informational: 9,
  notice: 10,
  success: 10,
  warn: 13,
  warning: 13,
  wrn: 13,
  error: 17,
  err: 17,
  severe: 17,
  dpanic: 18,
  alert: 19,
  // The highest level of Python and .NET; syslog has two above it.
  critical: 21,
  crit: 21,
  fatal: 21,
  emerg: 21,
  emergency: 21,
  panic: 21,
};

/** A level that a program defines for Go's slog, by its distance from the next lower one: `ERROR+4`. */
const between = /^(debug|info|warn|error)([+-]\d{1,3})$/;

/** @returns 0 for an unknown level */
export function severityOf(level: string | number): number {
  if (typeof level === 'number') return severityOfNumber(level);
  const text = level.trim().toLowerCase();
  if (/^\d{1,4}$/.test(text)) return severityOfNumber(Number(text));
  if (Object.hasOwn(severities, text)) return severities[text] ?? 0;
  const [, name = '', distance = ''] = between.exec(text) ?? [];
  return name === '' ? 0 : Math.min(Math.max((severities[name] ?? 0) + Number(distance), 1), 24);
}

/** pino and bunyan: 10 is trace, 20 debug, up to 60 for fatal. */
function severityOfNumber(level: number): number {
  if (!(level >= 10 && level < 100)) return 0;
  return 1 + 4 * (Math.min(Math.floor(level / 10), 6) - 1);
}

/** The index in {@link levelNames}. */
export function levelOfSeverity(severity: number): number {
  return severity === 0 ? 0 : ((severity - 1) >> 2) + 1;
}
