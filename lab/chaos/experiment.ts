import type { FaultSettings } from '../simulator/faults.ts';
import type { Toxic } from '../simulator/network/toxics.ts';

/**
 * One rehearsal: what is normal, what is broken, and what must be seen. In the order of the Chaos Toolkit (steady state,
 * method, verification, rollback: https://chaostoolkit.org/reference/concepts/), and plain data throughout, so that a
 * reader can judge the claim without the code that checks it.
 */
export interface Experiment {
  /** For the command line. */
  name: string;
  title: string;
  /** What breaks, in a sentence. */
  story: string;
  surroundings?: Surroundings;
  steady: SteadyState;
  /** Set together, taken back in the opposite order. */
  faults: readonly Fault[];
  /** Default 15. Longer where an alert needs longer. */
  seconds?: number;
  hypothesis: Hypothesis;
  /** Where to look in a running stack. */
  look: { dashboard: Dashboard; panel: string; traces: string };
}

export interface Surroundings {
  /** Instances of the service on one database. Default 1. */
  replicas?: number;
  /** Whether they share a Redis. Default false. */
  redis?: boolean;
  /** Whether a Collector is between the service and where its telemetry goes. Default false. */
  collector?: boolean;
  /** Files and connections that each process may have open. Default what the machine allows. */
  openFiles?: number;
  /** Variables that differ from the defaults. */
  env?: Readonly<Record<string, string>>;
  /** Orders a second. Default what the command line says. */
  rate?: number;
  /** Whether customers repeat what was refused or lost, as they should. Default true. */
  patient?: boolean;
}

/** Holds before the fault, or nothing is proven; and again after it. */
export interface SteadyState {
  /** So many orders in a row, each with one of these answers, while the circuit to the gateway is closed. */
  orders: number;
  answers: readonly Answer[];
}

export type Dependency = 'postgres' | 'gateway' | 'redis' | 'collector' | CollectorBackend;

/** What is behind the Collector. */
export type CollectorBackend = 'jaeger' | 'loki';

export type Fault =
  /** The faults of the simulator. */
  | { kind: 'gateway'; settings: Partial<FaultSettings> }
  | { kind: 'network'; to: Dependency; toxics: readonly Toxic[] }
  /** Connections are closed, and new ones refused. */
  | { kind: 'cut'; to: Dependency }
  /** kill -9 and started again: Postgres after so many seconds, the service at once, and every so many. */
  | { kind: 'crash'; what: 'postgres'; awayFor: number }
  | { kind: 'crash'; what: 'service'; every: number }
  /** kill -9 and away until the end of the fault. */
  | { kind: 'stop'; what: 'redis' | 'service'; replica?: number; signal: 'SIGKILL' | 'SIGTERM' }
  /** Postgres ends the sessions of the service one by one, so many a second. */
  | { kind: 'end_sessions'; perSecond: number }
  /** Somebody holds the table for so many seconds, every so many. */
  | { kind: 'lock_orders'; hold: number; every: number }
  /** Postgres refuses this share of the statements as serialization failures and deadlocks. */
  | { kind: 'conflicts'; share: number }
  | { kind: 'flush_redis'; perSecond: number }
  /** So many orders are pending already, none of them due. */
  | { kind: 'backlog'; orders: number }
  /** Nobody reads what the service writes to stdout. */
  | { kind: 'blocked_stdout' }
  /** As under a quota of the processor: the service runs for so many milliseconds of every period. */
  | { kind: 'cpu_quota'; quota: number; period: number }
  /** As many other processes as the machine has processors, and none of them ever waits. */
  | { kind: 'busy_neighbours' }
  /** A client keeps so many connections and asks nothing on them. */
  | { kind: 'idle_connections'; count: number }
  /** The service is told to write a snapshot of its heap to disk, every so many seconds. */
  | { kind: 'heap_snapshots'; every: number }
  /** The clock of one replica is wrong by so many seconds. */
  | { kind: 'clock'; replica: number; seconds: number }
  /** So many times the usual orders, from customers who do not come back. */
  | { kind: 'surge'; times: number }
  /** Another client with a valid key, which sends so many requests a second. */
  | { kind: 'noisy_client'; perSecond: number }
  /** Somebody guesses keys, so many a second. */
  | { kind: 'wrong_keys'; perSecond: number };

/**
 * What a customer gets, in a word: the status, with the code of the problem where it is no order, such as `201` or
 * `503 database_unavailable`; or `no answer`.
 */
export type Answer = string;

/** Everything counts from the beginning of the fault until the end of the recovery. */
export interface Hypothesis {
  /** In a sentence, with the figures that are checked below. */
  claim: string;
  answers: {
    /** No customer gets anything else. */
    allowed: readonly Answer[];
    /** Share of the answers during the fault, at least. */
    shares?: Readonly<Record<Answer, number>>;
    /** Milliseconds, of the answers during the fault that are orders. */
    p99?: number;
    /** Answers to the noisy client or to whoever guesses keys: at least so many of each. */
    others?: Readonly<Record<Answer, number>>;
  };
  orders: {
    /** Share of the orders with a good card that end as paid. Customers who do not come back have no claim to it. */
    paid?: number;
    /** Seconds after the fault until no order is pending any more. */
    settledWithin: number;
  };
  metrics: readonly MetricClaim[];
  logs: readonly LogClaim[];
  /** A trace in which it can be seen; none is needed where the fault is none of a request. */
  trace?: TraceClaim;
  /** The alerts that fire, or why none does. */
  detection: readonly AlertClaim[] | { undetected: string };
  /** Alerts that must not fire: they would send somebody the wrong way. */
  quiet?: readonly string[];
  /** Seconds after the fault until the steady state holds again. */
  recoveredWithin: number;
}

/** The growth of a counter, over all series with these labels. */
export interface MetricClaim {
  name: string;
  labels?: Readonly<Record<string, string>>;
  atLeast?: number;
  atMost?: number;
}

export interface LogClaim {
  event: string;
  /** Values that the line has. */
  fields?: Readonly<Record<string, string | number>>;
  /** Default 1. */
  atLeast?: number;
  atMost?: number;
}

export interface TraceClaim {
  /** The name of its first span. */
  root: string;
  /** How many spans of a name it has at least. */
  spans: Readonly<Record<string, number>>;
  /** Events that some span of it has. */
  events?: readonly string[];
  /** Attributes that some span of it has. */
  attributes?: Readonly<Record<string, string | number>>;
}

export interface AlertClaim {
  alert: string;
  /** Only the alert with these labels. */
  labels?: Readonly<Record<string, string>>;
  /** Minutes from the beginning of the fault, in the time of the rules. */
  withinMinutes: number;
}

export type Dashboard =
  | 'orders-service'
  | 'orders-dependencies'
  | 'orders-business'
  | 'orders-saturation'
  | 'orders-detection'
  | 'orders-telemetry';

/** It always fires: where it does not, nothing is proven by an alert that fires, and less by one that does not. */
export const heartbeat = 'Watchdog';

/** Orders are answered, and answered with an order. */
export const usualTraffic: SteadyState = { orders: 20, answers: ['201', '402'] };

/** What differs from one replica with the defaults, for tables. */
export function describeSurroundings(surroundings: Surroundings): string[] {
  const { replicas, redis, collector, openFiles, env = {}, rate } = surroundings;
  return [
    ...(replicas === undefined ? [] : [`${replicas} replicas`]),
    ...(redis === true ? ['a shared Redis'] : []),
    ...(collector === true ? ['a Collector'] : []),
    ...(openFiles === undefined ? [] : [`${openFiles} open files at most`]),
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(rate === undefined ? [] : [`${rate} orders a second`]),
  ];
}

/** A sentence on what is broken, for tables. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'gateway':
      return `gateway: ${Object.entries(fault.settings)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')}`;
    case 'network':
      return `network to ${fault.to}: ${fault.toxics.map(describeToxic).join(', ')}`;
    case 'cut':
      return `${fault.to} refuses connections`;
    case 'crash':
      return fault.what === 'postgres'
        ? `kill -9 of postgres, started again after ${fault.awayFor} s`
        : `kill -9 of service, every ${fault.every} s, started again at once`;
    case 'stop':
      return `${fault.signal} to ${fault.what}${fault.replica === undefined ? '' : ` ${fault.replica + 1}`}, away until the end of the fault`;
    case 'end_sessions':
      return `sessions of Postgres ended, ${fault.perSecond} a second`;
    case 'lock_orders':
      return `table locked for ${fault.hold} s, every ${fault.every} s`;
    case 'conflicts':
      return `${100 * fault.share} % of the statements fail with 40001 or 40P01`;
    case 'flush_redis':
      return `Redis flushed, ${fault.perSecond} times a second`;
    case 'backlog':
      return `${fault.orders} orders pending already`;
    case 'blocked_stdout':
      return 'stdout is not read';
    case 'cpu_quota':
      return `the service runs for ${fault.quota} of every ${fault.period} ms`;
    case 'busy_neighbours':
      return 'a busy process beside us for each processor';
    case 'idle_connections':
      return `a client keeps ${fault.count} connections and asks nothing`;
    case 'heap_snapshots':
      return `a heap snapshot is written every ${fault.every} s`;
    case 'clock':
      return `clock of replica ${fault.replica + 1} shifted by ${fault.seconds} s`;
    case 'surge':
      return `${fault.times} times the usual orders`;
    case 'noisy_client':
      return `another client sends ${fault.perSecond} requests a second`;
    case 'wrong_keys':
      return `${fault.perSecond} wrong API keys a second`;
  }
}

function describeToxic(toxic: Toxic): string {
  switch (toxic.type) {
    case 'latency':
      return `${toxic.latency} ± ${toxic.jitter} ms late`;
    case 'bandwidth':
      return `${toxic.rate} KB/s`;
    case 'timeout':
      return 'every packet dropped';
    case 'reset_peer':
      return `reset after ${toxic.timeout} ms`;
    case 'slow_close':
      return `closed ${toxic.delay} ms late`;
  }
}
