import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sources {
  prometheusUrl: string;
  jaegerUrl: string;
  /** Missing where there is no Loki; then there is a file. */
  lokiUrl?: string;
  logRecords: string;
}

/** What somebody who waits for the first picture waits for. */
const questions: Readonly<Record<string, (sources: Sources) => Promise<boolean>>> = {
  'figures of orders in Prometheus': async ({ prometheusUrl }) =>
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

/** Tells each of them once, as soon as it is there. */
export async function watchForFirstData(
  sources: Sources,
  found: (what: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const left = new Set(Object.keys(questions));
  while (left.size > 0 && !signal.aborted) {
    for (const what of left) {
      if (!(await questions[what]?.(sources))) continue;
      left.delete(what);
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

/** As Prometheus and Loki wrap it. */
function hasResult(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null || !('data' in answer)) return false;
  const { data } = answer;
  return typeof data === 'object' && data !== null && 'result' in data && isFilled(data.result);
}

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0;
