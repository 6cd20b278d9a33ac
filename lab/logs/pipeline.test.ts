import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BatchBuilder } from './batch.ts';
import { createCounts } from './counts.ts';
import type { Input } from './input/input.ts';
import { usualFields } from './lines/fields.ts';
import { LineProcessor } from './lines/line-processor.ts';
import { createDispatcher } from './output/dispatcher.ts';
import { createPipeline } from './pipeline.ts';

test('a line that never ends does not hold up the lines of other inputs', async () => {
  const stop = new AbortController();
  const giveUpAt = performance.now() + 5000;
  const input = (name: string, read: Input['read']): Input => ({
    name,
    position: { offset: 0, piece: 0, generation: 0 },
    isComplete: false,
    read,
    accepted: () => {},
    behind: () => 0,
  });
  const endless = input('endless', async (buffer) => {
    await nextTurn();
    if (performance.now() > giveUpAt) stop.abort();
    return buffer.fill('x').length;
  });
  const line = '{"service":"orders","level":"info"}\n';
  const other = input('other', async (buffer) => {
    if (other.position.offset === 0) return buffer.write(line);
    stop.abort();
    return 0;
  });

  const counts = createCounts(1);
  const batch = new BatchBuilder({ size: 10, bytes: 1_000_000, otlp: false, text: false });
  await createPipeline({
    sets: [
      {
        inputs: () => [endless, other],
        poll: async () => {},
        isComplete: () => false,
        close: async () => {},
      },
    ],
    processor: new LineProcessor(
      { fields: usualFields, service: undefined, longestLine: 1000 },
      counts,
      batch,
    ),
    batch,
    dispatcher: createDispatcher([], { inFlight: 1, counts, signal: stop.signal, accepted: () => {} }),
    counts,
    batchDelay: 10,
    pollInterval: 20,
    signal: stop.signal,
  }).run();
  expect(counts.of('orders').lines[3]).toBe(1);
  expect(performance.now()).toBeLessThan(giveUpAt);
});
