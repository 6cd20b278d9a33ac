import { expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { metricOf, occupy, spawnHeld } from '../support/clients/held-orders.ts';
import { openConnection } from '../support/clients/raw-connection.ts';

test('a connection that goes on sending is refused each time, each refusal is counted, and its order is placed once there is room', async () => {
  await using held = await spawnHeld();
  const { service } = held;
  const placing = await occupy(held, 9);
  await using connection = await openConnection(service.url);
  const body = JSON.stringify(teaOrder);
  const place = (id: string) =>
    connection.send(
      `POST /orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer shop-key\r\nx-request-id: ${id}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  // The log has the first 20 of a second; the others are refused early.
  const times = 40;
  for (let time = 0; time < times; time += 1) {
    place(`refused-${time}`);
    const answer = await connection.answer();
    expect(answer?.status).toBe(429);
    expect(answer?.headers.get('x-request-id')).toBe(`refused-${time}`);
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      code: 'overloaded',
      requestId: `refused-${time}`,
    });
  }
  expect(await metricOf(service, 'requests_shed_total', { reason: 'queue_full' })).toBe(times);
  const refused = { method: 'POST', route: '/orders', status_code: '429' };
  expect(await metricOf(service, 'http_requests_total', refused)).toBe(times);
  expect(await metricOf(service, 'http_requests_in_flight')).toBe(9);

  held.release();
  await Promise.all(placing);
  place('placed');
  expect((await connection.answer())?.status).toBe(201);
});
