import { expect, test } from 'vitest';
import { traceIdOf } from '../support/clients/trace-context.ts';
import {
  eachWithTracedService,
  exemplarTraces,
  type TracedService,
} from '../support/processes/traced-service.ts';

const spawn = eachWithTracedService();

async function placeInTurn({ api }: TracedService, count: number): Promise<string[]> {
  const traceIds: string[] = [];
  for (let turn = 0; turn < count; turn += 1) traceIds.push(traceIdOf((await api.place()).headers));
  return traceIds;
}

/** Stops the process, so that all spans have arrived, and returns the traces with a mark. */
async function markedTraces({ process, receiver }: TracedService): Promise<Set<string>> {
  await process.stop();
  const marked = receiver.spans.filter(({ attributes }) => attributes['orders.exemplar'] === true);
  return new Set(marked.map(({ traceId }) => traceId));
}

test.each(['lean', 'auto'])(
  'exactly the traces that exemplars point to are marked, in %s mode',
  async (mode) => {
    // Longer than the test, so an exemplar stays one.
    const service = await spawn({ EXEMPLAR_INTERVAL: '10m', TELEMETRY_INSTRUMENTATION: mode });
    const traceIds = await placeInTurn(service, 30);
    const exemplars = new Set(exemplarTraces(await service.scrape()));
    const marked = await markedTraces(service);

    expect(exemplars.size).toBeGreaterThan(0);
    expect(marked).toEqual(exemplars);
    // The first order was the first in each of its buckets.
    expect(exemplars).toContain(traceIds[0]);
    expect(exemplars.size).toBeLessThan(traceIds.length);
  },
);

test('a newer exemplar replaces one that is older than EXEMPLAR_INTERVAL', async () => {
  const service = await spawn({ EXEMPLAR_INTERVAL: '0ms' });
  const traceIds = await placeInTurn(service, 5);
  const exemplars = exemplarTraces(await service.scrape());
  expect(exemplars).toContain(traceIds.at(-1));
  const marked = await markedTraces(service);
  for (const traceId of exemplars) expect(marked).toContain(traceId);
});
