import { expect, test } from 'vitest';
import { spawnTracedService, type TracedService, valueOf } from '../support/processes/traced-service.ts';
import { teaOrder } from '../support/clients/api-client.ts';

const customers = 32;

/** Bytes in V8's old generation, which holds what outlived two collections of the young one. */
async function oldGeneration({ scrape }: TracedService): Promise<number> {
  return valueOf(await scrape(), 'nodejs_heap_space_size_used_bytes', { space: 'old' });
}

async function place({ api }: TracedService, orders: number): Promise<void> {
  let left = orders;
  await Promise.all(
    Array.from({ length: customers }, async () => {
      while (left-- > 0) expect(await api.place(teaOrder)).toMatchObject({ status: 201 });
    }),
  );
}

test('an order that was answered is garbage at once, and waits for no collection of the whole heap', async () => {
  await using service = await spawnTracedService({ OTEL_SDK_DISABLED: 'true', LOG_LEVEL: 'info' });
  const orders = 3000;
  // The service compiles what it runs often, and what it keeps for good grows old.
  await place(service, orders);
  const before = await oldGeneration(service);
  await place(service, orders);
  const perOrder = ((await oldGeneration(service)) - before) / orders;
  // Its idempotency key is remembered for a while, and takes some 200 bytes. An order has 70,000 in all.
  expect(perOrder).toBeLessThan(2000);
});
