import { parseExposition } from '../../../lab/harness/exposition.ts';
import type { HaProxy } from '../../../lab/harness/haproxy.ts';

/** A metric that HAProxy exposes about a backend; NaN if there is none. */
export async function haproxyMetric({ target }: HaProxy, name: string, backend: string): Promise<number> {
  const exposed = await (await fetch(`http://${target}/metrics`)).text();
  const { samples } = parseExposition(exposed, 'prometheus');
  const sample = samples.find((each) => each.name === name && each.labels['proxy'] === backend);
  return sample?.value ?? Number.NaN;
}
