import { setTimeout as delay } from 'node:timers/promises';
import { scrapeMetrics } from '../harness/exposition.ts';
import type { MetricClaim } from './experiment.ts';
import type { Environment } from './environment.ts';

export type CircuitState = 'closed' | 'half_open' | 'open';

/** The worst reading over all replicas at one moment. */
export interface Sample {
  at: number;
  /** Undefined if no replica answered. */
  circuit?: CircuitState;
  pending?: number;
}

export interface Sampling {
  samples: readonly Sample[];
  /** Takes one sample now. */
  look(): Promise<Sample>;
  /** Starts to count growth. */
  startCounting(): void;
  /** Growth of the counters with these names and labels, over all replicas with their restarts, and the proxy. */
  growth(claim: Pick<MetricClaim, 'name' | 'labels' | 'plus'>): number;
  stop(): Promise<void>;
}

/** Milliseconds. */
const interval = 500;
const patience = 2000;

interface Counter {
  name: string;
  labels: Readonly<Record<string, string>>;
  latest: number;
  growth: number;
}

/** Scrapes the metrics of every replica, as Prometheus does, until stopped. */
export function startSampling({ adminUrls, proxy }: Pick<Environment, 'adminUrls' | 'proxy'>): Sampling {
  const samples: Sample[] = [];
  const counters = new Map<string, Counter>();
  /** Addresses scraped before: a series that is new at one of them started at 0. */
  const known = new Set<string>();
  const ending = new AbortController();
  let counting = false;

  async function read(url: string) {
    const { samples: series } = await scrapeMetrics(url, { signal: AbortSignal.timeout(patience) });
    let circuit: CircuitState | undefined;
    let pending: number | undefined;
    for (const { name, labels, value } of series) {
      if (/_(total|count)$/.test(name))
        count(`${url} ${name} ${JSON.stringify(labels)}`, name, labels, value);
      if (name === 'circuit_breaker_state' && labels['breaker'] === 'payment' && value === 1)
        circuit = labels['state'] as CircuitState;
      if (name === 'orders_pending') pending = value;
    }
    known.add(url);
    return { circuit, pending };

    function count(key: string, counterName: string, labels: Record<string, string>, value: number): void {
      const earlier = counters.get(key);
      // A restarted process counts from 0.
      const start =
        earlier === undefined ? (known.has(url) ? 0 : value) : earlier.latest <= value ? earlier.latest : 0;
      const growth = (earlier?.growth ?? 0) + (counting ? value - start : 0);
      counters.set(key, { name: counterName, labels, latest: value, growth });
    }
  }

  async function look(): Promise<Sample> {
    const readings = await Promise.all([
      ...adminUrls.map((url) => read(url).catch(() => undefined)),
      ...(proxy ? [read(proxy.adminUrl).catch(() => undefined)] : []),
    ]);
    const seen = readings.filter((reading) => reading !== undefined);
    const circuits = new Set(seen.flatMap(({ circuit }) => circuit ?? []));
    const pending = seen.flatMap((reading) => reading.pending ?? []);
    const worst = (['open', 'half_open', 'closed'] as const).find((state) => circuits.has(state));
    const sample = {
      at: performance.now(),
      ...(worst && { circuit: worst }),
      ...(pending.length > 0 && { pending: Math.max(...pending) }),
    };
    samples.push(sample);
    return sample;
  }

  const looking = (async () => {
    while (!ending.signal.aborted) {
      await look();
      await delay(interval, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  return {
    samples,
    look,
    startCounting() {
      counting = true;
    },
    growth({ name, labels = {}, plus = [] }) {
      let sum = 0;
      for (const counter of counters.values()) {
        const matches = [{ name, labels }, ...plus].some(
          (wanted) =>
            counter.name === wanted.name &&
            Object.entries(wanted.labels).every(([label, value]) => counter.labels[label] === value),
        );
        if (matches) sum += counter.growth;
      }
      return sum;
    },
    async stop() {
      ending.abort();
      await looking;
    },
  };
}
