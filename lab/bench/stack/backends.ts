/** What the report asks Prometheus and Jaeger. */
export interface Backends {
  prometheusUrl: string;
  jaegerUrl: string;
}

async function ask(url: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
  try {
    const search = new URLSearchParams(parameters);
    const response = await fetch(`${url}?${search.toString()}`, { signal: AbortSignal.timeout(10_000) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

export interface Sample {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

/** The series of an instant query; none if Prometheus does not answer. */
export async function query({ prometheusUrl }: Backends, expression: string): Promise<Sample[]> {
  const answer = (await ask(`${prometheusUrl}/api/v1/query`, { query: expression })) as
    | { data: { resultType: string; result: Sample[] } }
    | undefined;
  if (answer === undefined) return [];
  // A scalar is no list of series, but it is data.
  return answer.data.resultType === 'vector' ? answer.data.result : [{ metric: {}, value: [0, '0'] }];
}

/** The first value of an instant query, or 0. */
export async function valueOf(backends: Backends, expression: string): Promise<number> {
  const [first] = await query(backends, expression);
  return Number(first?.value[1] ?? 0);
}

interface Traces {
  data: Array<{ traceID: string; spans: Array<{ startTime: number }> }> | null;
}

/** The newest trace of orders that Jaeger has kept. @returns its id and its start in milliseconds since 1970 */
export async function newestTrace({ jaegerUrl }: Backends): Promise<{ id: string; at: number } | undefined> {
  const now = Date.now() * 1000;
  const window = { service: 'orders', limit: '1', start: String(now - 300_000_000), end: String(now) };
  const answer = (await ask(`${jaegerUrl}/api/traces`, window)) as Traces | undefined;
  const trace = answer?.data?.[0];
  if (trace === undefined) return undefined;
  return { id: trace.traceID, at: Math.min(...trace.spans.map(({ startTime }) => startTime)) / 1000 };
}

export async function hasTrace({ jaegerUrl }: Backends, id: string): Promise<boolean> {
  const answer = (await ask(`${jaegerUrl}/api/traces/${id}`, {})) as Traces | undefined;
  return (answer?.data?.length ?? 0) > 0;
}
