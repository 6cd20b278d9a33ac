import { request } from 'undici';
import type { ActiveAlert } from '../alert-types.ts';
import { overHttp1 } from '../over-http1.ts';
import type { Sample, Window } from '../promql/samples.ts';
import type { RecordedSeries } from './objectives.ts';

/** An alert rule as Prometheus reports it. */
export interface ReportedRule {
  name: string;
  /** Milliseconds. */
  holdFor: number;
  active: ActiveAlert[];
  /** Why Prometheus could not evaluate it; empty if it could. */
  failure: string;
}

/** A Prometheus, over its HTTP API. Each method throws if there is no usable answer. */
export interface Prometheus extends RecordedSeries {
  url: string;
  rules(): Promise<ReportedRule[]>;
  /** Host and port of what it scrapes. */
  targets(): Promise<string[]>;
}

/** Milliseconds. */
const timeout = 2000;
/** Bytes. Its answers have some ten thousand. */
const largestAnswer = 4_000_000;

interface Rules {
  groups: Array<{
    rules: Array<{
      type: string;
      name: string;
      duration?: number;
      health: string;
      lastError?: string;
      alerts?: Array<{
        state: 'pending' | 'firing';
        activeAt: string;
        value: string;
        labels: Record<string, string>;
        annotations: Record<string, string>;
      }>;
    }>;
  }>;
}

/** @see https://prometheus.io/docs/prometheus/latest/querying/api/ */
export function connectPrometheus(address: string): Prometheus {
  const url = address.replace(/\/$/, '');

  async function ask<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
    const { statusCode, body } = await request(
      `${url}/api/v1/${path}?${new URLSearchParams(query).toString()}`,
      {
        dispatcher: overHttp1,
        signal: AbortSignal.timeout(timeout),
      },
    );
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > largestAnswer) throw new RangeError('its answer is too large');
      chunks.push(chunk);
    }
    if (statusCode !== 200) throw new Error(`it answers ${statusCode}`);
    const answer = JSON.parse(Buffer.concat(chunks).toString()) as { status?: string; data?: T };
    if (answer.status !== 'success' || answer.data === undefined)
      throw new Error('its answer is not that of a Prometheus');
    return answer.data;
  }

  const anyOf = (metrics: readonly string[]) => `{__name__=~"${metrics.join('|')}"}`;

  return {
    url,
    async rules() {
      const { groups } = await ask<Rules>('rules', { type: 'alert' });
      return groups
        .flatMap(({ rules }) => rules)
        .filter(({ type }) => type === 'alerting')
        .map(({ name, duration = 0, health, lastError = '', alerts = [] }) => ({
          name,
          holdFor: duration * 1000,
          failure: health === 'err' ? lastError || 'Prometheus could not evaluate it.' : '',
          active: alerts.map(({ state, activeAt, value, labels, annotations }) => {
            const { alertname: _name, ...rest } = labels;
            const since = Date.parse(activeAt);
            const figure = Number(value);
            return {
              state,
              since,
              ...(state === 'pending' && { firesAt: since + duration * 1000 }),
              value: Number.isFinite(figure) ? figure : null,
              labels: rest,
              annotations,
            };
          }),
        }));
    },
    async targets() {
      const { activeTargets } = await ask<{ activeTargets: Array<{ scrapeUrl: string }> }>('targets', {
        state: 'active',
      });
      return activeTargets.map(({ scrapeUrl }) => new URL(scrapeUrl).host);
    },
    async now(metrics) {
      const { result } = await ask<{ result: Array<{ metric: Sample['labels']; value: [number, string] }> }>(
        'query',
        {
          query: anyOf(metrics),
        },
      );
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async over(metrics, times) {
      const [first = 0, second = first + 1000] = times;
      const { result } = await ask<{
        result: Array<{ metric: Sample['labels']; values: Array<[number, string]> }>;
      }>('query_range', {
        query: anyOf(metrics),
        start: String(first / 1000),
        end: String((times.at(-1) ?? first) / 1000),
        step: String((second - first) / 1000),
      });
      return result.map(
        ({ metric, values }): Window => ({
          labels: metric,
          times: values.map(([at]) => Math.round(at * 1000)),
          values: values.map(([, value]) => Number(value)),
        }),
      );
    },
  };
}
