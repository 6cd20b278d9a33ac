import type { Experiment } from '../experiment.ts';

/** Where a running stack shows it, on the ports that `docker compose up` and `npm run stack:native` have. */
export function grafanaUrl({ dashboard }: Experiment['look']): string {
  return `http://127.0.0.1:7074/d/${dashboard}`;
}

/** `undefined` where there is nothing to search by. */
export function jaegerUrl({ traces }: Experiment['look']): string | undefined {
  const [, name, value] = /^([\w.]+)=(\S+)$/.exec(traces) ?? [];
  if (name === undefined || value === undefined) return undefined;
  const tags = encodeURIComponent(JSON.stringify({ [name]: value }));
  return `http://127.0.0.1:7075/search?service=orders&tags=${tags}`;
}
