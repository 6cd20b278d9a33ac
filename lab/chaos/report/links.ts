import type { Experiment } from '../experiment.ts';

/** The dashboard in a running stack, at the default ports of `docker compose up` and `npm run stack:native`. */
export function grafanaUrl({ dashboard }: Experiment['look']): string {
  return `http://127.0.0.1:7074/d/${dashboard}`;
}

/** A search in Jaeger; `undefined` if `traces` is not of the form `attribute=value`. */
export function jaegerUrl({ traces }: Experiment['look']): string | undefined {
  const [, name, value] = /^([\w.]+)=(\S+)$/.exec(traces) ?? [];
  if (name === undefined || value === undefined) return undefined;
  const tags = encodeURIComponent(JSON.stringify({ [name]: value }));
  return `http://127.0.0.1:7075/search?service=orders&tags=${tags}`;
}
