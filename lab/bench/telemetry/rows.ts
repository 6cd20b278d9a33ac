import { BenchFailure } from '../shared/failure.ts';

/** One configuration of the service's telemetry. */
export interface Row {
  name: string;
  /** The name in a form for databases, files and paths. */
  id: string;
  metrics: boolean;
  logs: boolean;
  /** Also exports log records over OTLP. */
  sendsLogs?: true;
  spans?: {
    madeBy: 'lean' | 'auto';
    /** The share of traces that the service samples. */
    share: number;
    /** Variables that hand part of the work back to the OpenTelemetry SDK. */
    bySdk?: Readonly<Record<string, string>>;
  };
}

/** The rows with a goal, and the factor of the CPU per request of `off` that they must not exceed. */
export const goals: ReadonlyArray<{ row: string; factor: number }> = [
  { row: 'everything 10 %', factor: 1.08 },
  { row: 'everything 100 %', factor: 1.2 },
];

export const off: Row = { name: 'off', id: 'off', metrics: false, logs: false };

const withSpans = (what: 'lean' | 'everything' | 'auto', percent: number): Row => ({
  name: `${what} ${percent} %`,
  id: `${what}_${percent}`,
  metrics: what === 'everything',
  logs: what === 'everything',
  spans: { madeBy: what === 'auto' ? 'auto' : 'lean', share: percent / 100 },
});

/** The SDK keeps limits, so any of them makes it create the spans. This one has its default value: no span changes. */
export const sdkSpans = { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '128' };

/**
 * The SDK trims the name of the exporter, the service does not: it takes this for a form that it cannot encode and
 * leaves both the spans and their export to the SDK.
 */
export const sdkSpansAndExport = { OTEL_TRACES_EXPORTER: ' otlp' };

const leanBySdk = (name: string, id: string, bySdk: Readonly<Record<string, string>>): Row => ({
  ...withSpans('lean', 100),
  name,
  id,
  spans: { madeBy: 'lean', share: 1, bySdk },
});

/** All rows except `off`. */
const rows: readonly Row[] = [
  { name: 'metrics', id: 'metrics', metrics: true, logs: false },
  { name: 'logs', id: 'logs', metrics: false, logs: true },
  withSpans('lean', 10),
  withSpans('lean', 100),
  leanBySdk('lean 100 % with SDK spans', 'lean_100_sdk_spans', sdkSpans),
  leanBySdk('lean 100 % with SDK spans and export', 'lean_100_sdk_export', sdkSpansAndExport),
  withSpans('everything', 10),
  {
    ...withSpans('everything', 10),
    name: 'everything 10 % and logs sent',
    id: 'logs_sent_10',
    sendsLogs: true,
  },
  withSpans('everything', 100),
  withSpans('auto', 10),
  withSpans('auto', 100),
];

/**
 * The row of that name; spaces and case do not matter.
 *
 * @throws {BenchFailure} if there is none
 */
export function rowOf(name: string): Row {
  const plain = (text: string): string => text.replaceAll(' ', '').toLowerCase();
  const found = [off, ...rows].find((row) => plain(row.name) === plain(name));
  if (found) return found;
  const known = [off, ...rows].map((row) => row.name).join(', ');
  throw new BenchFailure(`Unknown row "${name}". Known rows: ${known}.`);
}

/** `off`, to which every figure is relative, and the rows with these names, or all rows. */
export function chosenRows(names: string | undefined): Row[] {
  const chosen = names === undefined ? rows : names.split(',').map(rowOf);
  return [...new Set([off, ...chosen])];
}

/** The environment of the service for this row. */
export function telemetryEnvironment(
  { logs, sendsLogs, spans }: Row,
  collectorUrl: string,
): Record<string, string> {
  return {
    LOG_LEVEL: logs ? 'info' : 'silent',
    ...(spans
      ? {
          TELEMETRY_INSTRUMENTATION: spans.madeBy,
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: String(spans.share),
          OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
          OTEL_LOGS_EXPORTER: sendsLogs ? 'otlp' : 'none',
          ...spans.bySdk,
        }
      : { OTEL_SDK_DISABLED: 'true' }),
  };
}
