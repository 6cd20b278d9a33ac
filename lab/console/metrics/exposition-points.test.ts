import { expect, test } from 'vitest';
import { pointsIn } from './exposition-points.ts';

const scrape = { service: 'orders', time: 1_700_000_000_000 };

test('an exposition becomes one point per series, with kinds, descriptions and buckets', () => {
  const points = pointsIn(
    `# HELP http_requests Requests.
# TYPE http_requests counter
http_requests_total{route="/orders"} 7
http_requests_created{route="/orders"} 1.7e9
# TYPE orders_pending gauge
orders_pending 3
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{route="/orders",le="0.1"} 4 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.07 1700000000
http_request_duration_seconds_bucket{route="/orders",le="0.5"} 6
http_request_duration_seconds_bucket{route="/orders",le="+Inf"} 7
http_request_duration_seconds_sum{route="/orders"} 2.5
http_request_duration_seconds_count{route="/orders"} 7
# TYPE pause summary
pause{quantile="0.5"} 0.2
pause_sum 3
pause_count 4
`,
    scrape,
  );
  expect(points).toMatchObject([
    {
      ...scrape,
      name: 'http_requests_total',
      kind: 'counter',
      description: 'Requests.',
      labels: { route: '/orders' },
      measured: { value: 7 },
    },
    { name: 'orders_pending', kind: 'gauge', measured: { value: 3 } },
    {
      name: 'http_request_duration_seconds',
      kind: 'histogram',
      unit: 's',
      labels: { route: '/orders' },
      measured: {
        count: 7,
        sum: 2.5,
        distribution: {
          layout: { bounds: [0.1, 0.5] },
          counts: new Map([
            [0, 4],
            [1, 2],
            [2, 1],
          ]),
        },
      },
      exemplars: [
        {
          time: 1_700_000_000_000,
          value: 0.07,
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
        },
      ],
    },
    { name: 'pause', kind: 'summary', measured: { count: 4, sum: 3, quantiles: [[0.5, 0.2]] } },
  ]);
});
