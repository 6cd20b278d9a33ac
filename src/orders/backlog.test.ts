import { expect, test } from 'vitest';
import { createBacklog } from './backlog.ts';

test('the backlog reports an age that grows between two counts, and none while no order is pending', async () => {
  const counts = [
    { pending: 0, age: undefined },
    { pending: 3, age: 5000 },
  ];
  const store = { backlog: async () => counts.shift() ?? { pending: 0, age: undefined } };
  const backlog = createBacklog(store, 10);
  await backlog.refresh();
  expect(backlog.snapshot()).toEqual({ pending: 0, age: undefined });
  await backlog.refresh();
  expect(backlog.snapshot()).toEqual({ pending: 3, age: expect.any(Number) as number });
  expect(backlog.snapshot().age).toBeGreaterThanOrEqual(5000);
});
