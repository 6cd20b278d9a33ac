import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';

/** Queries the backends of the running stack over the interfaces that Grafana uses. */

export const stack = inject('stack');

async function get<T>(url: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
  const query = new URLSearchParams(parameters);
  const response = await fetch(`${url}?${query.toString()}`, { signal: AbortSignal.timeout(20_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${text}`);
  return JSON.parse(text) as T;
}

/** Polls `look` until it finds something. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  patience = 60_000,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`There is still no ${what} after ${patience / 1000} s.`);
    await sleep(250);
  }
}

// --- Prometheus ----------------------------------------------------------------------------------------------------

export interface Series {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

/** @throws if Prometheus rejects the query */
export async function queryPrometheus(query: string): Promise<Series[] | [number, string]> {
  const { data } = await get<{ data: { result: Series[] | [number, string] } }>(
    `${stack.prometheusUrl}/api/v1/query`,
    { query },
  );
  return data.result;
}

/** The sum of an instant vector; 0 if it is empty. */
export async function sumOf(query: string): Promise<number> {
  const result = await queryPrometheus(`sum(${query})`);
  const [first] = result;
  return typeof first === 'object' ? Number(first.value[1]) : 0;
}

export interface Exemplar {
  metric: string;
  traceId: string;
  /** Milliseconds since 1970. */
  time: number;
}

/** All exemplars in Prometheus from the last quarter of an hour. */
export async function exemplars(): Promise<Exemplar[]> {
  interface Answer {
    data: Array<{
      seriesLabels: Record<string, string>;
      exemplars: Array<{ labels: Record<string, string>; timestamp: number }>;
    }>;
  }
  const end = Date.now() / 1000;
  const { data } = await get<Answer>(`${stack.prometheusUrl}/api/v1/query_exemplars`, {
    query: '{__name__=~".+_bucket",job="orders"}',
    start: String(end - 900),
    end: String(end),
  });
  return data.flatMap(({ seriesLabels, exemplars: list }) =>
    list.map(({ labels, timestamp }) => ({
      metric: String(seriesLabels['__name__']),
      traceId: String(labels['trace_id']),
      time: timestamp * 1000,
    })),
  );
}

// --- Jaeger --------------------------------------------------------------------------------------------------------

interface JaegerSpan {
  spanID: string;
  operationName: string;
  references: Array<{ refType: string; spanID: string }>;
  startTime: number;
  tags: Array<{ key: string; value: unknown }>;
  processID: string;
}

export interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string }>;
}

/** Resolves to `undefined` while Jaeger does not have the trace. */
export async function findTrace(traceId: string): Promise<JaegerTrace | undefined> {
  const response = await fetch(`${stack.jaegerUrl}/api/traces/${traceId}`);
  if (response.status === 404) return undefined;
  const { data } = (await response.json()) as { data: JaegerTrace[] | null };
  return data?.[0];
}

export async function askJaeger<T>(path: string, parameters: Record<string, string>): Promise<T> {
  return get<T>(`${stack.jaegerUrl}${path}`, parameters);
}

/** One line per span, children indented: `service: name`. */
export function printTrace({ spans, processes }: JaegerTrace): string {
  const inOrder = spans.toSorted((a, b) => a.startTime - b.startTime);
  const parentOf = (span: JaegerSpan) =>
    span.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID;
  const known = new Set(spans.map(({ spanID }) => spanID));
  const linesBelow = (parent: string | undefined, depth: number): string[] => {
    const lines: string[] = [];
    for (const span of inOrder) {
      const own = parentOf(span);
      // A missing parent is a span of the caller.
      if ((own !== undefined && known.has(own) ? own : undefined) !== parent) continue;
      lines.push(`${'  '.repeat(depth)}${processes[span.processID]?.serviceName}: ${span.operationName}`);
      lines.push(...linesBelow(span.spanID, depth + 1));
    }
    return lines;
  };
  return linesBelow(undefined, 0).join('\n');
}

/** The values of an attribute, over all spans of the trace. */
export function attributeOf({ spans }: JaegerTrace, key: string): unknown[] {
  return spans.flatMap(({ tags }) => tags.filter((tag) => tag.key === key).map(({ value }) => value));
}

// --- logs ----------------------------------------------------------------------------------------------------------

export interface LogLine {
  service: string;
  message: string;
  fields: Record<string, string>;
}

/** Containers without Loki keep log lines nowhere. */
export const keepsLogs = stack.lokiUrl !== undefined || stack.native !== undefined;

/** With Loki, by the query of Grafana's link; without, from the file that stands in for it. */
export async function logLinesOf(traceId: string): Promise<LogLine[]> {
  return stack.lokiUrl === undefined ? linesInFile(traceId) : linesInLoki(traceId);
}

/** @throws if Loki rejects the query */
export async function queryLoki(query: string): Promise<unknown[]> {
  const { data } = await get<{ data: { result: unknown[] } }>(`${stack.lokiUrl}/loki/api/v1/query_range`, {
    query,
    limit: '100',
  });
  return data.result;
}

async function linesInLoki(traceId: string): Promise<LogLine[]> {
  const streams = (await queryLoki(`{service_name=~".+"} | trace_id = "${traceId}"`)) as Array<{
    stream: Record<string, string>;
    values: Array<[string, string]>;
  }>;
  return streams.flatMap(({ stream, values }) =>
    values.map(([, message]) => ({ service: String(stream['service_name']), message, fields: stream })),
  );
}

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string; doubleValue?: number };
}

interface LogBatch {
  resourceLogs: Array<{
    resource: { attributes: Attribute[] };
    scopeLogs: Array<{
      logRecords: Array<{ traceId?: string; body: { stringValue: string }; attributes: Attribute[] }>;
    }>;
  }>;
}

const fieldsOf = (attributes: readonly Attribute[]): Record<string, string> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      String(value.stringValue ?? value.intValue ?? value.doubleValue),
    ]),
  );

async function linesInFile(traceId: string): Promise<LogLine[]> {
  const text = await readFile(stack.native?.logRecords ?? '', 'utf8');
  const batches = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogBatch);
  return batches
    .flatMap(({ resourceLogs }) => resourceLogs)
    .flatMap(({ resource, scopeLogs }) =>
      scopeLogs
        .flatMap(({ logRecords }) => logRecords)
        .filter((record) => record.traceId === traceId)
        .map(({ body, attributes }) => ({
          service: String(fieldsOf(resource.attributes)['service.name']),
          message: body.stringValue,
          fields: fieldsOf(attributes),
        })),
    );
}
