import { setTimeout as delay } from 'node:timers/promises';
import { parseExposition } from '../harness/exposition.ts';
import type { MetricClaim } from './experiment.ts';
import type { Environment } from './environment.ts';

export type CircuitState = 'closed' | 'half_open' | 'open';

/** What the replicas say about themselves at a moment, the worst of them. */
export interface Sample {
  at: number;
  /** Missing where no replica answered. */
  circuit?: CircuitState;
  pending?: number;
}

export interface Sampling {
  samples: readonly Sample[];
  /** Looks once more, now. */
  look(): Promise<Sample>;
  /** From here on growth is counted. */
  startCounting(): void;
  /** By how much the series of this name with these labels grew, over all replicas and their restarts. */
  growth(claim: Pick<MetricClaim, 'name' | 'labels'>): number;
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

/** Reads the metrics of every replica, as Prometheus does, until it is stopped. */
export function startSampling({ adminUrls }: Pick<Environment, 'adminUrls'>): Sampling {
  const samples: Sample[] = [];
  const counters = new Map<string, Counter>();
  /** Replicas that were read before: what is new with them began at 0. */
  const known = new Set<string>();
  const ending = new AbortController();
  let counting = false;

  async function read(adminUrl: string) {
    const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(patience) });
    const { samples: series } = parseExposition(await response.text(), 'openmetrics');
    let circuit: CircuitState | undefined;
    let pending: number | undefined;
    for (const { name, labels, value } of series) {
      if (/_(total|count)$/.test(name))
        count(`${adminUrl} ${name} ${JSON.stringify(labels)}`, name, labels, value);
      if (name === 'circuit_breaker_state' && labels['breaker'] === 'payment' && value === 1)
        circuit = labels['state'] as CircuitState;
      if (name === 'orders_pending') pending = value;
    }
    known.add(adminUrl);
    return { circuit, pending };

    function count(key: string, counterName: string, labels: Record<string, string>, value: number): void {
      const earlier = counters.get(key);
      // A process that was started again counts from 0.
      const start =
        earlier === undefined
          ? known.has(adminUrl)
            ? 0
            : value
          : earlier.latest <= value
            ? earlier.latest
            : 0;
      const growth = (earlier?.growth ?? 0) + (counting ? value - start : 0);
      counters.set(key, { name: counterName, labels, latest: value, growth });
    }
  }

  async function look(): Promise<Sample> {
    const readings = await Promise.all(adminUrls.map((url) => read(url).catch(() => undefined)));
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
    growth({ name, labels = {} }) {
      let sum = 0;
      for (const counter of counters.values()) {
        const matches = Object.entries(labels).every(([label, value]) => counter.labels[label] === value);
        if (counter.name === name && matches) sum += counter.growth;
      }
      return sum;
    },
    async stop() {
      ending.abort();
      await looking;
    },
  };
}
