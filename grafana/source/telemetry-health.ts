import { bad, byLevel, falling, notice, rising, warning } from './colours.ts';
import { createDashboard } from './dashboard.ts';
import { logsLink } from './links.ts';
import { stat, timeSeries } from './panels.ts';
import { increase, orZero, rate, sumBy } from './promql.ts';

/** The Collector counts failures from the first one on. */
function collectorFailures(what: string, signal: 'spans' | 'log_records', legend: string) {
  return {
    expr: orZero(`sum(rate(otelcol_${what}_${signal}[$__rate_interval]))`),
    legend: `${signal.replace('_', ' ')} ${legend}`,
  };
}

export const telemetryDashboard = createDashboard({
  uid: 'orders-telemetry',
  title: 'Telemetry health',
  question: 'Can the other dashboards be believed?',
  rows: [
    {
      title: 'Can the rest be believed?',
      panels: [
        stat({
          title: 'Lost in the service, last hour',
          description:
            'Spans, log lines and values that were made and thrown away, because a queue was full or nobody took them. Requests do not suffer from it.',
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
            'Share of what Prometheus scrapes that answers. What is down is missing on every panel.',
          unit: 'percentunit',
          width: 4,
          thresholds: falling([0.5, warning], [1, 'green']),
          queries: [{ expr: 'avg(up)', legend: 'up' }],
        }),
        stat({
          title: 'Slowest scrape',
          description: 'Of all targets. Near the scrape interval, samples go missing.',
          unit: 's',
          width: 4,
          thresholds: rising([1, notice], [4, bad]),
          queries: [{ expr: 'max(scrape_duration_seconds)', legend: 'scrape' }],
        }),
        stat({
          title: 'Alert pipeline',
          description:
            'Whether the Watchdog fires, so that rules are evaluated. Whether it arrives, only its receiver can tell: GET /alerts of the simulator.',
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
            'queue_full: more came than could be sent. export_failed: the Collector did not take it. overflow: stdout was too slow. Flat at 0 in calm.',
          unit: 'ops',
          width: 8,
          stacked: true,
          links: [
            logsLink(
              'What the SDK complains about',
              '{service_name="orders"} | event=~"telemetry.failed|log.dropped"',
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
            'An error pages somebody, a warning nobody. A jump of debug lines: somebody has changed the level at run time.',
          unit: 'ops',
          width: 8,
          stacked: true,
          colours: byLevel,
          queries: [{ expr: sumBy('level', rate('log_messages_total')), legend: '{{level}}' }],
        }),
        timeSeries({
          title: 'Series per target',
          description:
            'What one scrape brings. It is bounded: a line that keeps rising is a label with free values.',
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
          description:
            'How long a round of each group of rules takes, and failures a second: those are at 0, always.',
          unit: 's',
          width: 8,
          rightAxis: { series: 'failures', unit: 'ops' },
          queries: [
            {
              // The name of a group comes with the path of its file.
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
          description: 'Of all targets and rules. It is what Prometheus needs its memory for.',
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
            'Spans and log records a second. Fewer spans leave than come in: tail sampling keeps what is worth keeping.',
          unit: 'ops',
          width: 8,
          queries: [
            {
              expr: 'sum(rate(otelcol_receiver_accepted_spans[$__rate_interval]))',
              legend: 'spans in',
            },
            {
              expr: 'sum by (exporter) (rate(otelcol_exporter_sent_spans[$__rate_interval]))',
              legend: 'spans to {{exporter}}',
            },
            {
              expr: 'sum(rate(otelcol_receiver_accepted_log_records[$__rate_interval]))',
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
            'Refused: the Collector is short of memory, and the service keeps and then drops them. Failed: a backend is away, and its queue was full. Flat at 0 in calm.',
          unit: 'ops',
          width: 8,
          stacked: true,
          colours: { refused: warning, '(no room|not sent)': bad },
          queries: (['spans', 'log_records'] as const).flatMap((signal) => [
            collectorFailures('receiver_refused', signal, 'refused'),
            collectorFailures('exporter_enqueue_failed', signal, 'no room'),
            collectorFailures('exporter_send_failed', signal, 'not sent'),
          ]),
        }),
        timeSeries({
          title: 'Queues',
          description:
            'Batches that wait for a backend, as a share of the room. Full means that the next ones are lost.',
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
