// oxlint-disable-next-line no-restricted-imports -- the registry that the instruments of the service render through
import { Registry } from 'prom-client';
import { createInstruments } from '../../../src/telemetry/metrics/instruments.ts';
import type { RecordCall } from './record.ts';
import { buckets, drawn, durations, labels, routes, traceIds } from './workload.ts';

/** The cost of the loop itself, and of the clock that an exemplar needs. */
export function baselines(): RecordCall[] {
  const kept = new Float64Array(8);
  return [
    {
      name: 'nothing but a sum, in the same loop',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          kept[index & 7] = (kept[index & 7] ?? 0) + (durations[index & (drawn - 1)] ?? 0);
        }
      },
    },
    {
      name: 'Date.now(), which an exemplar needs',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) kept[index & 7] = Date.now();
      },
    },
  ];
}

/** The instruments of the service. */
export function serviceCalls(): RecordCall[] {
  const instruments = createInstruments(new Registry());
  const requests = instruments.counter({ name: 'requests_total', help: 'Requests.', labels });
  const duration = instruments.histogram({ name: 'duration_seconds', help: 'Time.', labels, buckets });
  const counters = routes.map((route) => requests.child(...route));
  const histograms = routes.map((route) => duration.child(...route));
  return [
    {
      name: 'counter: child.increment()',
      ours: true,
      run(times) {
        for (let index = 0; index < times; index += 1) counters[index & 7]?.increment();
      },
    },
    {
      name: 'histogram: child.observe(v)',
      ours: true,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          histograms[index & 7]?.observe(durations[index & (drawn - 1)] ?? 0);
        }
      },
    },
    {
      name: 'histogram: child.observe(v, traceId)',
      ours: true,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          const draw = index & (drawn - 1);
          histograms[index & 7]?.observe(durations[draw] ?? 0, traceIds[draw]);
        }
      },
    },
    {
      name: 'counter, child not kept: metric.child(a, b, c).increment()',
      ours: true,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          const route = routes[index & 7];
          if (route) requests.child(route[0], route[1], route[2]).increment();
        }
      },
    },
  ];
}
