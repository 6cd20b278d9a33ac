import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sources {
  prometheusUrl: string;
  jaegerUrl: string;
  /** Undefined without Loki; then log records are in the file. */
  lokiUrl?: string;
  logRecords: string;
}

/** The first data of each kind, by the text that announces it. */
const questions: Readonly<Record<string, (sources: Sources) => Promise<boolean>>> = {
  'metrics of orders in Prometheus': async ({ prometheusUrl }) =>
    hasResult(await ask(`${prometheusUrl}/api/v1/query?query=${encodeURIComponent('orders_total > 0')}`)),
  'a whole trace in Jaeger': async ({ jaegerUrl }) =>
    hasData(await ask(`${jaegerUrl}/api/traces?service=payment-gateway&limit=1`)),
  'log lines': async ({ lokiUrl, logRecords }) =>
    lokiUrl === undefined
      ? (await readFile(logRecords, 'utf8').catch(() => '')).includes('http.request')
      : hasResult(
          await ask(
            `${lokiUrl}/loki/api/v1/query_range?query=${encodeURIComponent('{service_name="orders"}')}`,
          ),
        ),
  'span metrics, for the Monitor tab': async ({ prometheusUrl }) =>
    hasResult(await ask(`${prometheusUrl}/api/v1/query?query=traces_span_metrics_calls_total`)),
};

/** Calls `found` once for each kind of data, as soon as there is any. */
export async function watchForFirstData(
  sources: Sources,
  found: (what: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set(Object.keys(questions));
  while (missing.size > 0 && !signal.aborted) {
    for (const what of missing) {
      if (!(await questions[what]?.(sources))) continue;
      missing.delete(what);
      found(what);
    }
    await sleep(250, undefined, { signal }).catch(() => undefined);
  }
}

async function ask(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

function hasData(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'data' in answer && isFilled(answer.data);
}

/** Whether a response of Prometheus or Loki has results. */
function hasResult(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null || !('data' in answer)) return false;
  const { data } = answer;
  return typeof data === 'object' && data !== null && 'result' in data && isFilled(data.result);
}

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0;
