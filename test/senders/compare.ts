import { isDeepStrictEqual } from 'node:util';
import type { LogRecord, MetricList, SpanRecord } from '../../lab/console/api-types.ts';
import type { TestConsole } from '../support/processes/console.ts';

/** Each compares what the console shows with what a sender sent. @returns what differs */

export async function traceFaults(
  shown: TestConsole,
  traceId: string,
  attributes: object,
): Promise<string[]> {
  const { status, body } = await shown.call('GET', `/api/traces/${traceId}`);
  if (status !== 200) return ['the trace'];
  const { spans } = body as { spans: SpanRecord[] };
  const [outer, inner] = ['outer', 'inner'].map((name) => spans.find((span) => span.name === name));
  const faults = Object.entries(attributes).flatMap(([name, value]) => {
    const got = JSON.stringify(inner?.attributes[name]);
    return got === JSON.stringify(value) ? [] : [`${name}: ${got}`];
  });
  if (inner?.parentId !== outer?.spanId) faults.push('parent');
  if (outer?.kind !== 'SERVER') faults.push('kind');
  if (inner?.failed !== true || inner.message !== 'broken') faults.push('status');
  if (inner?.events[0]?.name !== 'happened') faults.push('event');
  return faults;
}

export async function lineFaults(
  shown: TestConsole,
  traceId: string,
  line: Partial<LogRecord>,
): Promise<string[]> {
  const { lines } = (await shown.call('GET', `/api/logs?trace=${traceId}`)).body as { lines: LogRecord[] };
  const [got] = lines;
  const isSame =
    got?.level === line.level &&
    got?.text === line.text &&
    (line.attributes === undefined || isDeepStrictEqual(got?.attributes, line.attributes));
  return isSame ? [] : [`line: ${JSON.stringify(got)}`];
}

export async function metricFaults(
  shown: TestConsole,
  service: string,
  kinds: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { metrics } = (await shown.call('GET', '/api/metrics')).body as MetricList;
  return Object.entries(kinds).flatMap(([name, kind]) => {
    const got = metrics.find((metric) => metric.name === name && metric.services.includes(service));
    return got?.kind === kind ? [] : [`metric ${name}: ${got?.kind ?? 'missing'}`];
  });
}
