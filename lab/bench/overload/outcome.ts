import { quantile } from '../shared/statistics.ts';
import type { Sent } from './load-generator.ts';
import { unanswered } from './phase.ts';

/** How a service fares at a multiple of its capacity. Rates per second, times in milliseconds, memory in bytes. */
export interface Outcome {
  multiple: number;
  /** Orders a second that this service pays in a closed loop, before the burst. */
  capacity: number;
  /** Its processor time for each of them, in microseconds. */
  cpuPerOrder: number;
  /** Rate that the plan asked for. */
  planned: number;
  sent: number;
  /** Delay of the generator behind its schedule. */
  late: Latency;
  /** Answers of 201: the order is paid. */
  goodput: number;
  /** The goodput over the capacity. */
  share: number;
  accepted: Latency;
  /** Answers of 202: the order is stored, and the settlement worker will charge it. */
  leftPending: number;
  /** Answers of 429. */
  shed: number;
  shedLatency: Latency;
  /** Answers of 5xx. */
  failed: number;
  /** Connections that broke before the answer. */
  lost: number;
  /** Clients that hung up after two seconds. */
  gaveUp: number;
  /** Time from the end of the burst; undefined if the service did not recover while it was watched. */
  recovery: number | undefined;
  memory: { before: number; most: number; after: number };
}

/** NaN if there was nothing to measure. */
export interface Latency {
  p50: number;
  p99: number;
}

/** The outcome of the requests in a burst. */
export function summarize(burst: readonly Sent[], seconds: number) {
  const having = (matches: (status: number) => boolean) => burst.filter(({ status }) => matches(status));
  const rate = (matches: (status: number) => boolean) => having(matches).length / seconds;
  const latency = (matches: (status: number) => boolean) =>
    latencyOf(having(matches).map((request) => request.latency));
  return {
    sent: burst.length / seconds,
    late: latencyOf(burst.map(({ late }) => late)),
    goodput: rate((status) => status === 201),
    accepted: latency((status) => status === 201),
    leftPending: rate((status) => status === 202),
    shed: rate((status) => status === 429),
    shedLatency: latency((status) => status === 429),
    failed: rate((status) => status >= 500),
    lost: rate((status) => status === unanswered.lost),
    gaveUp: rate((status) => status === unanswered.gaveUp),
  };
}

function latencyOf(values: readonly number[]): Latency {
  if (values.length === 0) return { p50: Number.NaN, p99: Number.NaN };
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** A quarter of a second after the burst. */
export interface Window {
  p99: number;
  /** Whether every request due in it was answered 201. */
  allPaid: boolean;
}

/** Milliseconds. */
const windowLength = 250;

/** @param length milliseconds to divide into windows, from the first request on */
export function windowsOf(requests: readonly Sent[], from: number, length: number): Window[] {
  const byWindow = Map.groupBy(requests, ({ due }) => Math.floor((due - from) / windowLength));
  return Array.from({ length: length / windowLength }, (_, index) => {
    const own = byWindow.get(index) ?? [];
    return {
      p99: latencyOf(own.map(({ latency }) => latency)).p99,
      allPaid: own.length > 0 && own.every(({ status }) => status === 201),
    };
  });
}

/** Milliseconds from the end of the burst to the first window from which on all are normal. */
export function recoveryOf(windows: readonly Window[], normalP99: number): number | undefined {
  const last = windows.findLastIndex(({ p99, allPaid }) => !allPaid || p99 > normalP99);
  return last === windows.length - 1 ? undefined : (last + 1) * windowLength;
}

/** The median of each figure on its own: a disturbance of the machine seldom spoils the same figure in most rounds. */
export function medianOf(rounds: readonly [Outcome, ...Outcome[]]): Outcome {
  const median = (of: (outcome: Outcome) => number) => {
    const values = rounds.map(of).filter((value) => !Number.isNaN(value));
    const sorted = values.toSorted((a, b) => a - b);
    return sorted.length === 0 ? Number.NaN : quantile(sorted, 0.5);
  };
  const latency = (of: (outcome: Outcome) => Latency): Latency => ({
    p50: median((outcome) => of(outcome).p50),
    p99: median((outcome) => of(outcome).p99),
  });
  // A round without a recovery counts as the longest.
  const recovery = median((outcome) => outcome.recovery ?? Number.POSITIVE_INFINITY);
  return {
    multiple: rounds[0].multiple,
    capacity: median(({ capacity }) => capacity),
    cpuPerOrder: median(({ cpuPerOrder }) => cpuPerOrder),
    planned: rounds[0].planned,
    sent: median(({ sent }) => sent),
    late: latency(({ late }) => late),
    goodput: median(({ goodput }) => goodput),
    share: median(({ share }) => share),
    accepted: latency(({ accepted }) => accepted),
    leftPending: median(({ leftPending }) => leftPending),
    shed: median(({ shed }) => shed),
    shedLatency: latency(({ shedLatency }) => shedLatency),
    failed: median(({ failed }) => failed),
    lost: median(({ lost }) => lost),
    gaveUp: median(({ gaveUp }) => gaveUp),
    recovery: Number.isFinite(recovery) ? recovery : undefined,
    memory: {
      before: median(({ memory }) => memory.before),
      most: median(({ memory }) => memory.most),
      after: median(({ memory }) => memory.after),
    },
  };
}
