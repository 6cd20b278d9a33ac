import { accessSync, constants, statSync } from 'node:fs';
import { type Environment, oneOf, url, type Variable, wholeNumber } from './environment.ts';

/**
 * Standard variables that the OpenTelemetry SDK reads itself. The specification lets it ignore a value that it does not
 * know, and asks for a warning.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */

const meaning = '';
const withRatio = ['traceidratio', 'parentbased_traceidratio'];
const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
];
const propagators = ['tracecontext', 'baggage', 'b3', 'b3multi'] as const;
export type PropagatorName = (typeof propagators)[number];
const limit = wholeNumber(0, 2 ** 31 - 1, { meaning });

/** Numbers as the SDK reads them, also in forms such as `1e4` and `0x10`. */
function numberWhere(isTaken: (value: number) => boolean, expected: string): Variable<number> {
  return { meaning, expected, parse: (raw) => (isTaken(Number(raw)) ? Number(raw) : undefined) };
}
const milliseconds = numberWhere(
  (value) => value > 0 && value < Infinity,
  'a number of milliseconds greater than 0',
);
const ratio = numberWhere((value) => value >= 0 && value <= 1, 'a share from 0 to 1, such as 0.2');

/** A list of HTTP methods, whose names are case-sensitive tokens (RFC 9110, section 9.1). */
const methods: Variable<string[]> = {
  meaning,
  expected: 'a comma-separated list of HTTP methods such as GET,POST,PROPFIND',
  parse: (raw) => {
    const names = raw.split(',').map((name) => name.trim());
    return names.every((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name)) ? names : undefined;
  },
};

/** Accepts any case, as the SDK does. */
function anyCase(values: readonly string[]): Variable<string> {
  const exact = oneOf(values, { meaning });
  return { ...exact, parse: (raw) => values.find((value) => value.toLowerCase() === raw.toLowerCase()) };
}

function listOf(values: readonly string[]): Variable<string[]> {
  return {
    meaning,
    expected: `a comma-separated list of ${values.join(', ')}`,
    parse: (raw) => {
      const names = raw.split(',').map((name) => name.trim());
      return names.every((name) => values.includes(name)) ? names : undefined;
    },
  };
}

/** `key=value`, percent-encoded; as in the SDK, spaces around both parts do not count unless encoded. @returns undefined if it is none */
function pairIn(entry: string): { key: string; value: string } | undefined {
  const [, rawKey = '', rawValue = ''] = /^([^=]+)=(.*)$/s.exec(entry) ?? [];
  const key = rawKey.trim();
  try {
    return key === ''
      ? undefined
      : { key: decodeURIComponent(key), value: decodeURIComponent(rawValue.trim()) };
  } catch {
    return undefined;
  }
}

/** The longest key and value of an attribute of the resource. For a longer one, the SDK ignores the whole list. */
const longestAttribute = 255;

/** @see https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable */
const resourceAttributes: Variable<string> = {
  meaning,
  expected: `a comma-separated list of key=value, percent-encoded, with at most ${longestAttribute} characters each`,
  parse: (raw) => {
    const isAttribute = (entry: string): boolean => {
      const { key = '', value = '' } = /=.*=/s.test(entry) ? {} : (pairIn(entry) ?? {});
      return key !== '' && key.length <= longestAttribute && value.length <= longestAttribute;
    };
    return raw.split(',').every((entry) => entry.trim() === '' || isAttribute(entry)) ? raw : undefined;
  },
};

/** Its text may hold credentials. As in the SDK, the scheme may be written in any case. */
const endpoint: Variable<string> = {
  ...url(['http:', 'https:'], { meaning, secret: true }),
  parse: (raw) => (/^https?:$/.test(URL.parse(raw)?.protocol ?? '') ? raw : undefined),
};

const file: Variable<string> = {
  meaning,
  expected: 'the path of a file that can be read',
  parse(raw) {
    try {
      accessSync(raw, constants.R_OK);
      return statSync(raw).isDirectory() ? undefined : raw;
    } catch {
      return undefined;
    }
  },
};

/** The variables of one exporter, for all signals and for each of them. */
function ofSignals<T>(rest: string, variable: Variable<T>): Record<string, Variable<T>> {
  const prefixes = ['', 'TRACES_', 'LOGS_', 'METRICS_'];
  return Object.fromEntries(prefixes.map((prefix) => [`OTEL_EXPORTER_OTLP_${prefix}${rest}`, variable]));
}

const checked: Readonly<Record<string, Variable<unknown>>> = {
  OTEL_SDK_DISABLED: anyCase(['true', 'false']),
  OTEL_LOG_LEVEL: anyCase(['NONE', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'VERBOSE', 'ALL']),
  OTEL_TRACES_SAMPLER: oneOf(samplers, { meaning }),
  OTEL_TRACES_SAMPLER_ARG: ratio,
  OTEL_PROPAGATORS: listOf([...propagators, 'none']),
  OTEL_TRACES_EXPORTER: listOf(['otlp', 'console', 'zipkin', 'none']),
  OTEL_LOGS_EXPORTER: listOf(['otlp', 'console', 'none']),
  ...ofSignals('PROTOCOL', oneOf(['grpc', 'http/protobuf', 'http/json'], { meaning })),
  ...ofSignals('COMPRESSION', oneOf(['gzip', 'none'], { meaning })),
  ...ofSignals('TIMEOUT', milliseconds),
  ...ofSignals('ENDPOINT', endpoint),
  ...ofSignals('CERTIFICATE', file),
  ...ofSignals('CLIENT_KEY', file),
  ...ofSignals('CLIENT_CERTIFICATE', file),
  OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: methods,
  OTEL_RESOURCE_ATTRIBUTES: resourceAttributes,
  OTEL_ATTRIBUTE_COUNT_LIMIT: limit,
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: limit,
  OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: limit,
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: limit,
  OTEL_SPAN_EVENT_COUNT_LIMIT: limit,
  OTEL_SPAN_LINK_COUNT_LIMIT: limit,
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: limit,
  OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: limit,
  OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: limit,
  OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: limit,
};

/** Those of RFC 9110, and PATCH (RFC 5789) and QUERY. */
const defaultMethods = 'CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,QUERY,TRACE';

/**
 * The HTTP methods that spans and metrics name. A list replaces the default one.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#common-attributes
 */
export function knownHttpMethods(env: Environment): string[] {
  const given = env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS']?.trim();
  return (given ? methods.parse(given) : undefined) ?? defaultMethods.split(',');
}

/** Whether the sampler decides without the caller. Without exported traces, nothing is sampled. */
export function decidesAlone(env: Environment): boolean {
  const sampler = env['OTEL_TRACES_SAMPLER'] ?? '';
  return (
    env['OTEL_TRACES_EXPORTER'] === 'none' || ['always_on', 'always_off', 'traceidratio'].includes(sampler)
  );
}

/** What the environment calls the process. As in the SDK, OTEL_SERVICE_NAME comes before the attribute `service.name`. */
export function serviceNameIn(env: Environment): string | undefined {
  const given = variablesInForce(env);
  const attributes = (given['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',').map((entry) => pairIn(entry));
  const named = attributes.findLast((pair) => pair?.key === 'service.name')?.value.trim();
  return given['OTEL_SERVICE_NAME'] ?? (named || undefined);
}

/** The formats in which a trace enters and leaves the service. As in the SDK, `none` excludes all others. */
export function propagatorsIn(env: Environment): PropagatorName[] {
  const named = env['OTEL_PROPAGATORS']?.split(',').map((name) => name.trim()) ?? ['tracecontext', 'baggage'];
  return named.includes('none') ? [] : propagators.filter((name) => named.includes(name));
}

/** Names of all standard variables. */
export const sdkNames: readonly string[] = [
  ...Object.keys(checked),
  ...['HEADERS', 'INSECURE'].flatMap((rest) => Object.keys(ofSignals(rest, milliseconds))),
  'OTEL_SERVICE_NAME',
  'OTEL_METRICS_EXPORTER',
  'OTEL_METRIC_EXPORT_INTERVAL',
  'OTEL_METRIC_EXPORT_TIMEOUT',
  'OTEL_SEMCONV_STABILITY_OPT_IN',
  'OTEL_NODE_RESOURCE_DETECTORS',
  'OTEL_NODE_ENABLED_INSTRUMENTATIONS',
  'OTEL_NODE_DISABLED_INSTRUMENTATIONS',
];

/**
 * The standard variables in force: one that is empty, or whose value is not known, counts as unset.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/common/
 */
export function variablesInForce(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, raw = '']) => {
      if (!name.startsWith('OTEL_')) return [[name, raw] as const];
      const value = raw.trim();
      return value === '' || isIgnored(name, value, env) ? [] : [[name, value] as const];
    }),
  );
}

/** A sentence for each standard variable whose value is ignored, or a part of it, or of no use. */
export function ignoredValues(env: Environment): string[] {
  const whole = Object.entries(checked).flatMap(([name, { expected, secret }]) => {
    const raw = env[name]?.trim() ?? '';
    if (raw === '' || !isIgnored(name, raw, env)) return [];
    // The SDK takes `host` of `host:4318` for a scheme, and every export fails.
    const consequence =
      checked[name] === endpoint && URL.canParse(raw) ? 'Nothing can be sent to it.' : 'It is ignored.';
    return [`${name} must be ${expected}${secret ? '' : `, not ${JSON.stringify(raw)}`}. ${consequence}`];
  });
  return [...whole, ...ignoredHeaders(env)];
}

/** The SDK leaves out the header that it cannot read, and sends the others. It may be a credential, so only its place is told. */
function ignoredHeaders(env: Environment): string[] {
  return ['', 'TRACES_', 'LOGS_'].flatMap((signal) => {
    const name = `OTEL_EXPORTER_OTLP_${signal}HEADERS`;
    const entries = env[name]?.split(',') ?? [];
    return entries.flatMap((entry, index) => {
      // The SDK takes a list of baggage, in which metadata follow a semicolon.
      const [taken = '', ...metadata] = entry.split(';');
      const isTaken = (pairIn(taken)?.value ?? '') !== '';
      if (entry.trim() === '' || (isTaken && metadata.length === 0)) return [];
      const consequence = isTaken ? 'What follows its semicolon is ignored.' : 'It is ignored.';
      return [`Header ${index + 1} of ${name} must be key=value, percent-encoded. ${consequence}`];
    });
  });
}

/** Metrics are scraped, so these are about an exporter that the service does not have. */
const ofMetricExporters =
  /^OTEL_(?:METRICS_EXPORTER|METRIC_EXPORT_.+|METRICS_EXEMPLAR_FILTER|EXPORTER_OTLP_METRICS_.+|EXPORTER_PROMETHEUS_.+)$/;

/** The SDK for Node.js has names of its own for these. */
const renamedBySdk: Readonly<Record<string, string>> = {
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: 'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT',
  OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: 'OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT',
};

/** They choose among instrumentations, which the service loads only to have them make the spans. */
const ofInstrumentations = /^OTEL_NODE_(?:EN|DIS)ABLED_INSTRUMENTATIONS$/;

/** A sentence for each standard variable that changes nothing in this program, whatever its value is. */
export function variablesWithoutEffect(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => env[name]?.trim())
    .toSorted()
    .flatMap((name) => {
      const reason = reasonWithoutEffect(name, env);
      return reason === undefined ? [] : [`${name} has no effect: ${reason}.`];
    });
}

function reasonWithoutEffect(name: string, env: Environment): string | undefined {
  const value = env[name]?.trim();
  const sampler = env['OTEL_TRACES_SAMPLER']?.trim() ?? '';
  if (name === 'OTEL_TRACES_SAMPLER_ARG' && !withRatio.includes(sampler))
    return `it needs OTEL_TRACES_SAMPLER=${withRatio.join(' or ')}`;
  if (name === 'OTEL_METRICS_EXPORTER' && (value === 'none' || value === 'prometheus')) return undefined;
  if (ofMetricExporters.test(name)) return 'metrics are scraped from /metrics, and not sent';
  if (ofInstrumentations.test(name) && env['TELEMETRY_INSTRUMENTATION']?.trim() !== 'auto')
    return 'it needs TELEMETRY_INSTRUMENTATION=auto';
  if (name === 'OTEL_SEMCONV_STABILITY_OPT_IN')
    return 'spans have the stable names of the conventions, and METRICS_NAMES chooses those of metrics';
  if (name === 'OTEL_CONFIG_FILE') return 'each setting is a variable';
  const own = renamedBySdk[name];
  return own && `the SDK for Node.js reads ${own}`;
}

function isIgnored(name: string, value: string, env: Environment): boolean {
  const variable = checked[name];
  if (variable === undefined || variable.parse(value) !== undefined) return false;
  // gRPC takes host:port.
  return !(name.endsWith('_ENDPOINT') && usesGrpc(env));
}

function usesGrpc(env: Environment): boolean {
  return Object.keys(ofSignals('PROTOCOL', milliseconds)).some((name) => env[name] === 'grpc');
}
