// oxlint-disable-next-line no-restricted-imports -- the instruments of the service are compared with it
import * as prom from 'prom-client';
import type { RecordCall } from './record.ts';
import { buckets, drawn, durations, labelObjects, labels, routes, traceIds } from './workload.ts';

/** The metrics of prom-client. A "kept child" is the return value of `labels()`. */
export function promClientCalls(): RecordCall[] {
  const registers = [new prom.Registry()];
  const requests = new prom.Counter({
    name: 'requests_total',
    help: 'Requests.',
    labelNames: labels,
    registers,
  });
  const duration = new prom.Histogram({
    name: 'duration_seconds',
    help: 'Time.',
    labelNames: labels,
    buckets,
    registers,
  });
  const openMetrics = new prom.Registry<prom.OpenMetricsContentType>();
  openMetrics.setContentType(prom.Registry.OPENMETRICS_CONTENT_TYPE);
  const withExemplars = new prom.Histogram<string>({
    name: 'duration_seconds',
    help: 'Time.',
    labelNames: labels,
    buckets,
    enableExemplars: true,
    registers: [openMetrics],
  });
  const counters = labelObjects.map((own) => requests.labels(own));
  const histograms = labelObjects.map((own) => duration.labels(own));
  return [
    {
      name: 'prom-client: counter.inc(labels)',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          const own = labelObjects[index & 7];
          if (own) requests.inc(own);
        }
      },
    },
    {
      name: 'prom-client: counter.labels(a, b, c).inc()',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          const route = routes[index & 7];
          if (route) requests.labels(...route).inc();
        }
      },
    },
    {
      name: 'prom-client: kept child.inc()',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) counters[index & 7]?.inc();
      },
    },
    {
      name: 'prom-client: histogram.observe(labels, v)',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          const own = labelObjects[index & 7];
          if (own) duration.observe(own, durations[index & (drawn - 1)] ?? 0);
        }
      },
    },
    {
      name: 'prom-client: kept child.observe(v)',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          histograms[index & 7]?.observe(durations[index & (drawn - 1)] ?? 0);
        }
      },
    },
    {
      name: 'prom-client: observe with exemplar',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          const draw = index & (drawn - 1);
          const exemplarLabels = { trace_id: traceIds[draw] ?? '' };
          const own = labelObjects[index & 7];
          if (own) withExemplars.observe({ labels: own, value: durations[draw] ?? 0, exemplarLabels });
        }
      },
    },
  ];
}
