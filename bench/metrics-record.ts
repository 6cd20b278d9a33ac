import { getHeapStatistics } from 'node:v8';
// oxlint-disable-next-line no-restricted-imports -- it is what the service's own are compared with
import * as prom from 'prom-client';
import { createInstruments } from '../src/telemetry/instruments.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** One way to record one thing, in a loop of its own: V8 optimizes each for what it is given, as at a caller's. */
export interface RecordCall {
  name: string;
  /** Whether the service records so. */
  ours: boolean;
  run: (times: number) => void;
}

export interface RecordFigures {
  name: string;
  ours: boolean;
  /** Nanoseconds per call, the loop around it included. */
  time: Spread;
  /** Bytes per call, that the garbage collector has to find again. */
  allocated: number;
}

/** Seconds: of http_request_duration_seconds, around an SLO of 300 ms. */
export const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5];
export const labels = ['method', 'route', 'status_code'] as const;

type Route = [method: string, route: string, status: string];

/** More than one child, because a compiler that sees only one knows its address. */
const routes: Route[] = ['200', '201', '202', '400', '401', '409', '429', '503'].map((status) => [
  'POST',
  '/orders',
  status,
]);
const labelObjects = routes.map(([method, route, status_code]) => ({ method, route, status_code }));

/** Numbers of values to draw from: powers of two, so that an index is found without a division. */
const drawn = 1024;
/** Seconds: most requests take some 20 ms, few take long. */
const durations = Float64Array.from(
  { length: drawn },
  (_, index) => 0.02 * Math.exp(1.2 * Math.sin(index * 12.9898) + Math.cos(index * 78.233)),
);
const traceIds = Array.from({ length: drawn }, (_, index) => index.toString(16).padStart(32, '0'));

export const recordCalls: RecordCall[] = [loopAlone(), ...ours(), ...promClient()];

function loopAlone(): RecordCall {
  let sum = 0;
  return {
    name: 'the loop alone',
    ours: false,
    run(times) {
      for (let index = 0; index < times; index += 1) {
        sum += (durations[index & (drawn - 1)] ?? 0) + (labelObjects[index & 7] ? 1 : 0);
      }
      if (Number.isNaN(sum)) throw new Error('The loop was optimized away.');
    },
  };
}

function ours(): RecordCall[] {
  const instruments = createInstruments(new prom.Registry());
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
      name: 'child not kept: metric.child(a, b, c).increment()',
      ours: false,
      run(times) {
        for (let index = 0; index < times; index += 1) {
          const route = routes[index & 7];
          if (route) requests.child(route[0], route[1], route[2]).increment();
        }
      },
    },
  ];
}

function promClient(): RecordCall[] {
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
  const withExemplars = new prom.Histogram({
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

/** Seconds. Long enough for what little the clock and the start of the loop cost to vanish. */
const roundLength = 0.02;

/** All calls in every round, the order turned round from one to the next: none always follows the same other. */
export function measureRecording(calls: readonly RecordCall[], rounds: number): RecordFigures[] {
  const subjects = calls.map((call) => ({
    ...call,
    times: warmUp(call),
    measured: [] as number[],
    bytes: 0,
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const before = getHeapStatistics().total_allocated_bytes;
      const start = process.hrtime.bigint();
      subject.run(subject.times);
      subject.measured.push(Number(process.hrtime.bigint() - start) / subject.times);
      subject.bytes += getHeapStatistics().total_allocated_bytes - before;
    }
  }
  return subjects.map(({ name, ours: own, measured, bytes, times }) => ({
    name,
    ours: own,
    time: spreadOf(measured),
    allocated: bytes / times / rounds,
  }));
}

/** @returns how many calls a round has room for, once V8 has optimized them */
function warmUp({ run }: RecordCall): number {
  let times = 1000;
  for (;;) {
    const start = performance.now();
    run(times);
    const seconds = (performance.now() - start) / 1000;
    if (seconds > roundLength * 5) return Math.ceil((times * roundLength) / seconds);
    times *= 2;
  }
}
