import { BenchFailure } from '../shared/failure.ts';

/** One configuration of the service's telemetry. */
export interface Row {
  name: string;
  /** The name as part of one: of a database, a file, a path. */
  id: string;
  metrics: boolean;
  logs: boolean;
  /** Whether log records are sent over OTLP as well. */
  sendsLogs?: true;
  spans?: {
    madeBy: 'lean' | 'auto';
    /** Of the traces, as decided by the service. */
    share: number;
    /** Variables that hand part of the work back to the OpenTelemetry SDK. */
    bySdk?: Readonly<Record<string, string>>;
  };
}

/** What telemetry off is compared with, and within what factor of its CPU per request it has to stay. */
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
const sdkSpans = { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '128' };

/**
 * The SDK trims the name of the exporter, the service does not: it takes this for a form that it cannot encode and
 * leaves both the spans and their export to the SDK.
 */
const sdkSpansAndExport = { OTEL_TRACES_EXPORTER: ' otlp' };

const leanBySdk = (name: string, id: string, bySdk: Readonly<Record<string, string>>): Row => ({
  ...withSpans('lean', 100),
  name,
  id,
  spans: { madeBy: 'lean', share: 1, bySdk },
});

/** Everything but `off`. */
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
 * The row of that name, in which spaces do not count.
 *
 * @throws {BenchFailure} where there is none
 */
export function rowOf(name: string): Row {
  const plain = (text: string): string => text.replaceAll(' ', '').toLowerCase();
  const found = [off, ...rows].find((row) => plain(row.name) === plain(name));
  if (found) return found;
  const known = [off, ...rows].map((row) => row.name).join(', ');
  throw new BenchFailure(`There is no row "${name}"; there are: ${known}.`);
}

/** `off` and the rows of those names, or all. Every figure is one relative to `off`. */
export function chosenRows(names: string | undefined): Row[] {
  const chosen = names === undefined ? rows : names.split(',').map(rowOf);
  return [...new Set([off, ...chosen])];
}

/** What the row takes in the environment of the service. */
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
