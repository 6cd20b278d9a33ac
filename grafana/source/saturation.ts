import { bad, neutral, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink, tracesLink } from './links.ts';
import { stat, timeSeries } from './panels.ts';
import { ofService, orZero, rate, rateAtProxy, sumBy } from './promql.ts';

const ours = 'reason=~"queue_full|queue_timeout|event_loop"';
const deniedByProxy = `sum(${rateAtProxy('haproxy_backend_requests_denied_total')})`;
const heldTooLong = `sum(${rateAtProxy('haproxy_backend_connection_errors_total')})`;
/** What the proxy refuses never reaches the service. Without a proxy it is 0. */
const refusedByProxy = `((${deniedByProxy} + ${heldTooLong}) or vector(0))`;

export const saturationDashboard = createDashboard({
  uid: 'orders-saturation',
  title: 'Saturation',
  question: 'What runs out first: processor, event loop, memory, connections or the concurrency limit?',
  rows: [
    {
      title: 'What runs out?',
      panels: [
        stat({
          title: 'Processor',
          description:
            'Of the busiest replica, as a share of one core. JavaScript runs on one thread, so add a replica near 100 %.',
          unit: 'percentunit',
          width: 4,
          thresholds: rising([0.7, notice], [0.9, bad]),
          queries: [{ expr: `max(${rate('process_cpu_seconds_total')})`, legend: 'processor' }],
        }),
        stat({
          title: 'Event loop, p99',
          description:
            'Event loop delay of the worst replica. About 11 ms is idle, because it is measured in steps of 10 ms.',
          unit: 's',
          width: 4,
          thresholds: rising([0.05, notice], [0.1, bad]),
          queries: [{ expr: `max(${ofService('nodejs_eventloop_lag_p99_seconds')})`, legend: 'event loop' }],
        }),
        stat({
          title: 'Heap in use',
          description:
            'Of the fullest replica, as a share of what V8 allows. Above 60 % for minutes it fills up: HeapNearlyFull.',
          unit: 'percentunit',
          width: 4,
          thresholds: rising([0.5, notice], [0.6, bad]),
          queries: [
            {
              expr: `max(${ofService('nodejs_heap_size_used_bytes')} / ${ofService('nodejs_heap_size_limit_bytes')})`,
              legend: 'heap',
            },
          ],
        }),
        stat({
          title: 'Places in use',
          description: 'Requests in flight as a share of the current concurrency limit of admission control.',
          unit: 'percentunit',
          width: 4,
          thresholds: rising([0.7, notice], [0.95, bad]),
          queries: [
            {
              expr: `max(${ofService('admission_in_flight')} / clamp_min(${ofService('admission_limit')}, 1))`,
              legend: 'places',
            },
          ],
        }),
        stat({
          title: 'Connections in use',
          description:
            'Share of the open connections to Postgres. At 100 % the next statement opens another one, or waits.',
          unit: 'percentunit',
          width: 4,
          thresholds: rising([0.9, notice]),
          queries: [
            {
              expr: `max((${ofService('pg_pool_connections', 'state="total"')} - ignoring (state) ${ofService('pg_pool_connections', 'state="idle"')}) / ignoring (state) clamp_min(${ofService('pg_pool_connections', 'state="total"')}, 1))`,
              legend: 'connections',
            },
          ],
        }),
        stat({
          title: 'Refused as too many',
          description:
            'Share of the requests that admission control sheds, or the proxy in its place. Above 1 % for 5 minutes opens a ticket. The error budget shows the effect on customers.',
          unit: 'percentunit',
          width: 4,
          decimals: 1,
          thresholds: rising([0.001, notice], [0.01, bad]),
          queries: [
            {
              expr: `(sum(${rate('requests_shed_total', ours)}) + ${refusedByProxy}) / clamp_min(sum(${rate('http_requests_total')}) + ${refusedByProxy}, 1e-9)`,
              legend: 'refused',
            },
          ],
        }),
      ],
    },
    {
      title: 'Processor and memory',
      panels: [
        timeSeries({
          title: 'Processor',
          description:
            'Per replica, as a share of one core, and of the whole host. If the host is busy and the replica is not, another process uses the time. A profile names the function: docs/profiling.md.',
          unit: 'percentunit',
          width: 8,
          thresholds: rising([0.9, warning]),
          queries: [
            { expr: rate('process_cpu_seconds_total'), legend: '{{instance}}' },
            { expr: `max(${ofService('system_cpu_utilization_ratio')})`, legend: 'host' },
          ],
        }),
        timeSeries({
          title: 'Event loop delay',
          description:
            'How late a timer fires. A high maximum with a low p99 is one long task: a large body, a profile, a major garbage collection.',
          unit: 's',
          width: 8,
          thresholds: rising([0.1, warning]),
          links: [tracesLink('Slow traces at that time', { minDuration: '300ms' })],
          queries: [
            { expr: `max(${ofService('nodejs_eventloop_lag_p50_seconds')})`, legend: 'p50' },
            { expr: `max(${ofService('nodejs_eventloop_lag_p99_seconds')})`, legend: 'p99' },
            { expr: `max(${ofService('nodejs_eventloop_lag_max_seconds')})`, legend: 'max' },
          ],
        }),
        timeSeries({
          title: 'Memory',
          description:
            'Of all replicas. A sawtooth heap is healthy; a minimum that rises for hours is a leak. docs/profiling.md explains how to find its source. Unread answers are large ones (lists, documents, exports) that wait for their clients to read them: near 0 in normal operation, and a standing figure is a client that asks and does not read. From 2 MiB on, a replica answers its further requests for them with 429.',
          unit: 'bytes',
          width: 8,
          rightAxis: { series: 'unread answers', unit: 'bytes' },
          queries: [
            { expr: `sum(${ofService('nodejs_heap_size_used_bytes')})`, legend: 'heap used' },
            { expr: `sum(${ofService('nodejs_heap_size_total_bytes')})`, legend: 'heap' },
            { expr: `sum(${ofService('nodejs_external_memory_bytes')})`, legend: 'external' },
            { expr: `sum(${ofService('process_resident_memory_bytes')})`, legend: 'resident' },
            { expr: `sum(${ofService('http_unread_answer_bytes')})`, legend: 'unread answers' },
          ],
        }),
      ],
    },
    {
      title: 'Admission',
      panels: [
        timeSeries({
          title: 'Admission',
          description:
            'The concurrency limit adapts to the time that requests spend waiting. Requests beyond it wait briefly in the queue and are then shed. Orders that are admitted and wait to share a statement are in flight, too: more than 32 of them for long means that Postgres cannot keep up.',
          unit: 'short',
          width: 12,
          colours: { limit: bad, 'in flight': neutral, queued: notice },
          queries: [
            { expr: `sum(${ofService('admission_limit')})`, legend: 'limit' },
            { expr: `sum(${ofService('admission_in_flight')})`, legend: 'in flight' },
            { expr: `sum(${ofService('admission_queue_depth')})`, legend: 'queued' },
            { expr: `sum(${ofService('pg_batch_rows_waiting')})`, legend: 'waiting for a statement' },
          ],
        }),
        timeSeries({
          title: 'Refused, by reason',
          description:
            'queue_full, queue_timeout and event_loop: overload of the service. rate_limited: a client over its own limit. client_gone: the client hung up while it waited. At the proxy, which refuses in place of the service: at once, or after a wait in its queue (or because a replica could not be reached). Flat at 0 in normal operation.',
          unit: 'reqps',
          width: 12,
          stacked: true,
          colours: {
            '(queue_full|queue_timeout|event_loop|at the proxy.*)': bad,
            rate_limited: notice,
            client_gone: 'text',
          },
          links: [
            logsLink('When it began and ended', '{service_name="orders"} | event=~"admission\\\\..+"'),
            logsLink('Refused requests', '{service_name="orders"} | event="http.request" | status="429"'),
          ],
          queries: [
            { expr: sumBy('reason', rate('requests_shed_total')), legend: '{{reason}}' },
            { expr: orZero(deniedByProxy), legend: 'at the proxy, at once' },
            { expr: orZero(heldTooLong), legend: 'at the proxy, after a wait' },
          ],
        }),
      ],
    },
    {
      title: 'Garbage collection, disk and handles',
      panels: [
        timeSeries({
          title: 'Garbage collection',
          description:
            'Share of the time that garbage collection pauses the event loop. Above a tenth the code allocates too much.',
          unit: 'percentunit',
          width: 8,
          stacked: true,
          thresholds: rising([0.1, warning]),
          queries: [
            { expr: `max by (kind) (${rate('nodejs_gc_duration_seconds_sum')})`, legend: '{{kind}}' },
          ],
        }),
        timeSeries({
          title: 'Disk',
          description:
            'Bytes a second that reached the device. The service keeps nothing on disk, so next to nothing is normal.',
          unit: 'Bps',
          width: 8,
          queries: [
            { expr: orZero(`sum(${rate('process_disk_read_bytes_total')})`), legend: 'read' },
            { expr: orZero(`sum(${rate('process_disk_written_bytes_total')})`), legend: 'written' },
          ],
        }),
        timeSeries({
          title: 'File descriptors',
          description:
            'Open sockets and files as a share of the limit. At 100 % the process can neither accept nor open connections.',
          unit: 'percentunit',
          width: 8,
          thresholds: rising([0.8, warning]),
          queries: [
            {
              expr: `${ofService('process_open_fds')} / ${ofService('process_max_fds')}`,
              legend: '{{instance}}',
            },
          ],
        }),
      ],
    },
  ],
});
