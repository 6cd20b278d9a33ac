import { createTraffic, type Traffic } from '../../traffic/traffic.ts';
import { type TrafficKind, trafficMix, usualWeights } from '../../traffic/mix.ts';
import type { TrafficDetail, TrafficState } from '../api-types.ts';
import { createClientView } from './client-view.ts';

export interface TrafficOrder {
  /** Visits per second. */
  rate: number;
  /** Weights by kind; an omitted kind keeps its weight. */
  weights?: Partial<Record<TrafficKind, number>>;
}

/** Starts and stops simulated customers. */
export interface TrafficSession {
  /** Starts the traffic, or changes it. @throws {RangeError} if no kind has a weight above 0 */
  run(order: TrafficOrder): Promise<void>;
  /** Sends at another rate for a number of seconds, then returns to the previous rate. */
  burst(rate: number, seconds: number): Promise<void>;
  stop(): Promise<void>;
  state(): TrafficState;
  detail(after: number): TrafficDetail;
  close(): Promise<void>;
}

export interface TrafficTarget {
  apiUrl: string;
  apiKey: string;
}

/** @param target read at each start; `undefined` while it is unknown */
export function createTrafficSession(target: () => TrafficTarget | undefined): TrafficSession {
  let view = createClientView();
  let weights: Partial<Record<TrafficKind, number>> = { ...usualWeights };
  let traffic: Traffic | undefined;
  let rate = 0;
  let burst: { until: number; timer: NodeJS.Timeout } | undefined;

  function endBurst(): void {
    clearTimeout(burst?.timer);
    burst = undefined;
    if (rate === 0) void stop();
    else traffic?.setRate(rate);
  }

  async function stop(): Promise<void> {
    const running = traffic;
    traffic = undefined;
    rate = 0;
    if (burst) endBurst();
    await running?.stop();
  }

  function start(at: TrafficTarget, order: TrafficOrder): Traffic {
    const wanted = { ...weights, ...order.weights };
    const started = createTraffic({
      urls: [at.apiUrl],
      apiKey: at.apiKey,
      rate: order.rate,
      weights: wanted,
      onResult: (result) => view.add(result),
    });
    weights = wanted;
    return started;
  }

  async function run(order: TrafficOrder): Promise<void> {
    const at = target();
    if (at === undefined) return;
    const before = traffic;
    if (before === undefined) {
      view.close();
      view = createClientView();
    }
    if (before === undefined || order.weights !== undefined) traffic = start(at, order);
    rate = order.rate;
    traffic?.setRate(rate);
    if (burst) endBurst();
    if (before !== traffic) await before?.stop();
  }

  const state = (): TrafficState => ({
    running: traffic !== undefined,
    rate: traffic?.rate() ?? 0,
    ...(burst && { burstUntil: burst.until }),
  });

  return {
    run,
    async burst(burstRate, seconds) {
      if (traffic === undefined) await run({ rate: 0 });
      clearTimeout(burst?.timer);
      traffic?.setRate(burstRate);
      burst = { until: Date.now() + seconds * 1000, timer: setTimeout(endBurst, seconds * 1000) };
    },
    stop,
    state,
    detail: (after) => ({
      ...state(),
      ...(target() === undefined && { unavailable: 'No service is known yet.' }),
      underWay: traffic?.underWay() ?? 0,
      skipped: traffic?.skipped() ?? 0,
      mix: Object.entries(trafficMix).map(([kind, { meaning }]) => ({
        kind,
        meaning,
        weight: weights[kind as TrafficKind] ?? 0,
      })),
      ...view.since(after),
      outcomes: view.outcomes(),
    }),
    async close() {
      view.close();
      await stop();
    },
  };
}
