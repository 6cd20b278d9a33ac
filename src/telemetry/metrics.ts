import { collectDefaultMetrics, Registry } from 'prom-client';

/** The metrics of this process, in the Prometheus text format. */
export interface Metrics {
  contentType: string;
  render(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return { contentType: registry.contentType, render: () => registry.metrics() };
}
