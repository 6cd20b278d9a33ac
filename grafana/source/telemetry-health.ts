import { bad, byLevel, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink } from './links.ts';
import { stat, timeSeries } from './panels.ts';
import { increase, orZero, rate, sumBy } from './promql.ts';

/** The Collector exposes a failure counter only after the first failure. */
function collectorFailures(what: string, signal: 'spans' | 'log_records', legend: string) {
  return {
    expr: orZero(`sum(rate(otelcol_${what}_${signal}[$__rate_interval]))`),
    legend: `${signal.replace('_', ' ')} ${legend}`,
  };
}

export const telemetryDashboard = createDashboard({
  uid: 'orders-telemetry',
  title: 'Telemetry health',
  question: 'Can the other dashboards be trusted?',
  rows: [
    {
      title: 'Can the rest be believed?',
      panels: [
        stat({
          title: 'Lost in the service, last hour',
          description:
            'Spans, log lines and metric values that were dropped because a queue was full or the receiver was unavailable. Requests are not affected.',
          unit: 'short',
          width: 8,
          decimals: 0,
          thresholds: rising([1, notice], [1000, warning]),
          queries: [
            { expr: sumBy('signal', increase('telemetry_dropped_total', '1h')), legend: '{{signal}}' },
          ],
        }),
        stat({
          title: 'Targets up',
          description:
            'Share of the scrape targets that answer. A target that is down is missing on every panel.',
          unit: 'percentunit',
          width: 4,
          thresholds: falling([0.5, warning], [1, 'green']),
          queries: [{ expr: 'avg(up)', legend: 'up' }],
        }),
        stat({
          title: 'Slowest scrape',
          description: 'Of all targets. Near the scrape interval, samples are lost.',
          unit: 's',
          width: 4,
          thresholds: rising([1, notice], [4, bad]),
          queries: [{ expr: 'max(scrape_duration_seconds)', legend: 'scrape' }],
        }),
        stat({
          title: 'Alert pipeline',
          description:
            'Whether the Watchdog fires, which shows that rules are evaluated. Only its receiver knows whether it arrives: GET /alerts of the simulator.',
          unit: 'short',
          width: 4,
          thresholds: falling([1, 'green']),
          queries: [
            {
              expr: 'sum(ALERTS{alertname="Watchdog",alertstate="firing"}) or vector(0)',
              legend: 'watchdog',
            },
          ],
        }),
        stat({
          title: 'Log lines a second',
          description: 'Of all replicas and levels. About one a request is normal.',
          unit: 'ops',
          width: 4,
          decimals: 1,
          queries: [{ expr: `sum(${rate('log_messages_total')})`, legend: 'lines' }],
        }),
      ],
    },
    {
      title: 'In the service',
      panels: [
        timeSeries({
          title: 'Lost, by reason',
          description:
            'queue_full: more data than could be sent. export_failed: the Collector did not accept it. rejected: it took a part only. overflow: stdout was too slow. Flat at 0 in normal operation.',
          unit: 'ops',
          width: 8,
          stacked: true,
          links: [
            logsLink(
              'What was lost, and why',
              '{service_name="orders"} | event=~"telemetry.failed|log.dropped|metrics.dropped"',
            ),
          ],
          queries: [
            {
              expr: sumBy('signal, reason', rate('telemetry_dropped_total')),
              legend: '{{signal}} {{reason}}',
            },
          ],
        }),
        timeSeries({
          title: 'Log lines by level',
          description:
            'An error pages, a warning does not. A jump of debug lines means that the level was changed at run time.',
          unit: 'ops',
          width: 8,
          stacked: true,
          colours: byLevel,
          queries: [{ expr: sumBy('level', rate('log_messages_total')), legend: '{{level}}' }],
        }),
        timeSeries({
          title: 'Series per target',
          description:
            'Series per scrape. The number is bounded; if a line keeps rising, a label has unbounded values.',
          unit: 'short',
          width: 8,
          queries: [{ expr: 'sum by (job) (scrape_samples_post_metric_relabeling)', legend: '{{job}}' }],
        }),
      ],
    },
    {
      title: 'Prometheus',
      panels: [
        timeSeries({
          title: 'Scrape duration',
          description: 'By target. A service that is slow to scrape has a busy event loop.',
          unit: 's',
          width: 8,
          queries: [
            { expr: 'max by (job, instance) (scrape_duration_seconds)', legend: '{{job}} {{instance}}' },
          ],
        }),
        timeSeries({
          title: 'Rules',
          description: 'Evaluation time of each rule group, and failures a second, which must be 0.',
          unit: 's',
          width: 8,
          rightAxis: { series: 'failures', unit: 'ops' },
          queries: [
            {
              // The group label contains the path of its file.
              expr: 'sum by (rule_group) (label_replace(prometheus_rule_group_last_duration_seconds, "rule_group", "$1", "rule_group", ".*;(.*)"))',
              legend: '{{rule_group}}',
            },
            {
              expr: 'sum(rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))',
              legend: 'failures',
            },
          ],
        }),
        timeSeries({
          title: 'Series in memory',
          description: 'Of all targets and rules. They account for most of the memory of Prometheus.',
          unit: 'short',
          width: 8,
          queries: [{ expr: 'sum(prometheus_tsdb_head_series)', legend: 'series' }],
        }),
      ],
    },
    {
      title: 'Collector',
      panels: [
        timeSeries({
          title: 'Received and sent',
          description:
            'Spans and log records a second. In is what comes over HTTP: on Kubernetes a router passes it on to a sampler over gRPC. Fewer spans are sent than received, because of tail sampling.',
          unit: 'ops',
          width: 8,
          queries: [
            {
              expr: 'sum(rate(otelcol_receiver_accepted_spans{transport="http"}[$__rate_interval]))',
              legend: 'spans in',
            },
            {
              expr: 'sum by (exporter) (rate(otelcol_exporter_sent_spans[$__rate_interval]))',
              legend: 'spans to {{exporter}}',
            },
            {
              expr: 'sum(rate(otelcol_receiver_accepted_log_records{transport="http"}[$__rate_interval]))',
              legend: 'log records in',
            },
            {
              expr: 'sum by (exporter) (rate(otelcol_exporter_sent_log_records[$__rate_interval]))',
              legend: 'log records to {{exporter}}',
            },
          ],
        }),
        timeSeries({
          title: 'Not taken, not sent',
          description:
            'Refused: the Collector is short of memory, and the service retries and then drops. No room: the queue to a backend was full. Not sent: a backend was unavailable for too long. Forgotten: more traces are open than tail sampling keeps, and the oldest are lost before it has decided, those with errors included. Flat at 0 in normal operation.',
          unit: 'ops',
          width: 8,
          stacked: true,
          colours: { refused: warning, '(no room|not sent|forgotten)': bad },
          queries: [
            ...(['spans', 'log_records'] as const).flatMap((signal) => [
              collectorFailures('receiver_refused', signal, 'refused'),
              collectorFailures('exporter_enqueue_failed', signal, 'no room'),
              collectorFailures('exporter_send_failed', signal, 'not sent'),
            ]),
            {
              expr: orZero(
                'sum(rate(otelcol_processor_tail_sampling_sampling_trace_dropped_too_early[$__rate_interval]))',
              ),
              legend: 'traces forgotten',
            },
          ],
        }),
        timeSeries({
          title: 'Queues',
          description:
            'Batches that wait for a backend, as a share of the queue size. A full queue drops the next ones.',
          unit: 'percentunit',
          width: 8,
          max: 1,
          thresholds: rising([0.8, warning]),
          queries: [
            {
              expr: 'max by (exporter) (otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)',
              legend: '{{exporter}}',
            },
          ],
        }),
      ],
    },
  ],
});
