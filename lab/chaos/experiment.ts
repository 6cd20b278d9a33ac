import type { FaultSettings } from '../simulator/faults.ts';
import type { Toxic } from '../simulator/network/toxics.ts';

/**
 * One experiment: the steady state, the faults, and what must be observed. It follows the order of the Chaos Toolkit
 * (steady state, method, verification, rollback) and is plain data throughout, so that a reader can judge the claim
 * without the code that checks it.
 *
 * @see https://chaostoolkit.org/reference/concepts/
 */
export interface Experiment {
  /** Identifies it on the command line; also the name of its file. */
  name: string;
  title: string;
  /** What breaks, in a sentence. */
  story: string;
  surroundings?: Surroundings;
  steady: SteadyState;
  /** Injected together, rolled back in reverse order. */
  faults: readonly Fault[];
  /** Duration of the fault, default 15. The run extends it if an alert needs longer. */
  seconds?: number;
  hypothesis: Hypothesis;
  /** Where a running stack shows the effect. */
  look: { dashboard: Dashboard; panel: string; traces: string };
}

export interface Surroundings {
  /** Instances of the service on one database. Default 1. */
  replicas?: number;
  /** Whether Postgres has a synchronous standby, and DATABASE_URL names both servers. Default false. */
  standby?: boolean;
  /** Whether the replicas share a Redis. Default false. */
  redis?: boolean;
  /** Whether telemetry goes through a Collector. Default false. */
  collector?: boolean;
  /** Whether customers reach the replicas through HAProxy, where it is installed. Default false. */
  proxy?: boolean;
  /**
   * Whether alerts go through Alertmanager, where it is installed, to a receiver that takes profiles. Default false.
   */
  evidence?: boolean;
  /** Limit of open files and sockets per process. Default: the machine's limit. */
  openFiles?: number;
  /** Environment variables that differ from the defaults. */
  env?: Readonly<Record<string, string>>;
  /** Orders a second. Default: `--rate` of the command line. */
  rate?: number;
  /** Whether customers repeat requests that were refused or lost, as they should. Default true. */
  patient?: boolean;
}

/** Must hold before the fault, or the experiment proves nothing, and again after it. */
export interface SteadyState {
  /** This many orders in a row get one of these answers while the circuit to the gateway is closed. */
  orders: number;
  answers: readonly Answer[];
}

export type Dependency = 'postgres' | 'gateway' | 'redis' | 'collector' | CollectorBackend;

/** The backends that the Collector exports to. */
export type CollectorBackend = 'jaeger' | 'loki';

export type Fault =
  /** Faults of the payment gateway simulator. */
  | { kind: 'gateway'; settings: Partial<FaultSettings> }
  | { kind: 'network'; to: Dependency; toxics: readonly Toxic[] }
  /** Open connections are closed and new ones refused. */
  | { kind: 'cut'; to: Dependency }
  /** kill -9, then a restart: Postgres once, after `awayFor` seconds; the service every `every` seconds, at once. */
  | { kind: 'crash'; what: 'postgres'; awayFor: number }
  | { kind: 'crash'; what: 'service'; every: number }
  /**
   * kill -9 of the primary, and the promotion of its standby after `awayFor` seconds. The old primary returns as a standby,
   * with the rollback.
   */
  | { kind: 'failover'; awayFor: number }
  /** A signal to the process, which stays away until the end of the fault. */
  | { kind: 'stop'; what: 'redis' | 'service'; replica?: number; signal: 'SIGKILL' | 'SIGTERM' }
  /** Postgres terminates the service's sessions one by one, at this rate. */
  | { kind: 'end_sessions'; perSecond: number }
  /** Another session locks the table for `hold` seconds, every `every` seconds. */
  | { kind: 'lock_orders'; hold: number; every: number }
  /** Postgres fails this share of the writing statements with serialization failures and deadlocks. */
  | { kind: 'conflicts'; share: number }
  | { kind: 'flush_redis'; perSecond: number }
  /** This many orders are already pending, none of them due. */
  | { kind: 'backlog'; orders: number }
  /** The pipe behind the service's stdout is not read. */
  | { kind: 'blocked_stdout' }
  /** A CPU quota: the service runs for `quota` milliseconds of every `period`. */
  | { kind: 'cpu_quota'; quota: number; period: number }
  /** The service runs a synchronous task of `length` milliseconds every `every` milliseconds. */
  | { kind: 'long_tasks'; length: number; every: number }
  /** The service keeps what it allocates, until this share of its heap's limit is full. */
  | { kind: 'memory_leak'; share: number }
  /** One busy process per processor of the machine. */
  | { kind: 'busy_neighbours' }
  /** A client keeps this many idle connections open. */
  | { kind: 'idle_connections'; count: number }
  /** The service writes a heap snapshot to disk every `every` seconds. */
  | { kind: 'heap_snapshots'; every: number }
  /** The clock of one replica is wrong by this many seconds. */
  | { kind: 'clock'; replica: number; seconds: number }
  /** A multiple of the usual orders, from customers who never retry. */
  | { kind: 'surge'; times: number }
  /** Another client with a valid key sends this many requests a second. */
  | { kind: 'noisy_client'; perSecond: number }
  /** Another client places this many orders a second whose cards the gateway never answers for, or refuses. */
  | { kind: 'poison_orders'; perSecond: number }
  /** Another program sends the Collector this many spans a second, each of a trace whose root never comes. */
  | { kind: 'open_traces'; perSecond: number }
  /** A client guesses API keys at this rate. */
  | { kind: 'wrong_keys'; perSecond: number };

/**
 * The outcome of a request for its client: the status of an order, such as `201`; a status with its problem code, such as
 * `503 database_unavailable`; or `no answer`.
 */
export type Answer = string;

/** Covers the time from the start of the fault to the end of the recovery. */
export interface Hypothesis {
  /** The claim in prose, with the figures that are checked below. */
  claim: string;
  answers: {
    /** Customers get no other answer. */
    allowed: readonly Answer[];
    /** Least share of each answer during the fault. */
    shares?: Readonly<Record<Answer, number>>;
    /** Milliseconds, over the answers during the fault that are orders. */
    p99?: number;
    /** Least number of each answer to the client that is noisy, places poison orders or guesses keys. */
    others?: Readonly<Record<Answer, number>>;
  };
  orders: {
    /** Least share of orders with a good card that end as paid. Customers who never retry do not count. */
    paid?: number;
    /** Seconds from the end of the fault until no order is pending. */
    settledWithin: number;
  };
  metrics: readonly MetricClaim[];
  logs: readonly LogClaim[];
  /** A trace that shows the fault. Omitted if the fault does not show in a request. */
  trace?: TraceClaim;
  /** The alerts that fire, or the reason why none does. */
  detection: readonly AlertClaim[] | { undetected: string };
  /** Alerts that must not fire because they would mislead the person on call. */
  quiet?: readonly string[];
  /** What is taken for alerts before anybody looks. */
  captured?: readonly CaptureClaim[];
  /** Seconds from the end of the fault until the steady state holds again. */
  recoveredWithin: number;
}

export interface CaptureClaim {
  alert: string;
  kind: 'cpu' | 'heap';
  /** The function that its profile names first. Omitted if the time is spent elsewhere. */
  hottest?: string;
}

/** Growth of a counter, summed over all series with these labels. */
export interface MetricClaim {
  name: string;
  labels?: Readonly<Record<string, string>>;
  /** Counters that count for this one as well: those of the proxy, which does a part of the same. */
  plus?: ReadonlyArray<{ name: string; labels: Readonly<Record<string, string>> }>;
  atLeast?: number;
  atMost?: number;
}

export interface LogClaim {
  event: string;
  /** Values that the line must have. */
  fields?: Readonly<Record<string, string | number>>;
  /** Default 1. */
  atLeast?: number;
  atMost?: number;
}

export interface TraceClaim {
  /** Name of its root span. */
  root: string;
  /** Least number of spans by name. */
  spans: Readonly<Record<string, number>>;
  /** Events, each on any of its spans. */
  events?: readonly string[];
  /** Attributes, each on any of its spans. */
  attributes?: Readonly<Record<string, string | number>>;
}

export interface AlertClaim {
  alert: string;
  /** Labels that the alert must have. */
  labels?: Readonly<Record<string, string>>;
  /** Minutes from the start of the fault, in the rules' time. */
  withinMinutes: number;
}

export type Dashboard =
  | 'orders-service'
  | 'orders-dependencies'
  | 'orders-business'
  | 'orders-saturation'
  | 'orders-detection'
  | 'orders-telemetry';

/** Always fires. If it does not, neither a firing alert nor a silent one proves anything. */
export const heartbeat = 'Watchdog';

/** Twenty orders in a row are paid or declined. */
export const usualTraffic: SteadyState = { orders: 20, answers: ['201', '402'] };

/** The differences from one replica with default settings, for tables. */
export function describeSurroundings(surroundings: Surroundings): string[] {
  const { replicas, standby, redis, collector, proxy, evidence, openFiles, env = {}, rate } = surroundings;
  return [
    ...(replicas === undefined ? [] : [`${replicas} replicas`]),
    ...(standby === true ? ['a synchronous standby'] : []),
    ...(redis === true ? ['a shared Redis'] : []),
    ...(collector === true ? ['a Collector'] : []),
    ...(proxy === true ? ['HAProxy'] : []),
    ...(evidence === true ? ['Alertmanager and the evidence receiver'] : []),
    ...(openFiles === undefined ? [] : [`at most ${openFiles} open files`]),
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(rate === undefined ? [] : [`${rate} orders a second`]),
  ];
}

/** The fault in a phrase, for tables. */
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
        ? `kill -9 of postgres, restarted after ${fault.awayFor} s`
        : `kill -9 of service every ${fault.every} s, restarted at once`;
    case 'failover':
      return `kill -9 of the Postgres primary, and promotion of its synchronous standby after ${fault.awayFor} s`;
    case 'stop':
      return `${fault.signal} to ${fault.what}${fault.replica === undefined ? '' : ` ${fault.replica + 1}`}, away until the end of the fault`;
    case 'end_sessions':
      return `${fault.perSecond} Postgres sessions terminated a second`;
    case 'lock_orders':
      return `table locked for ${fault.hold} s, every ${fault.every} s`;
    case 'conflicts':
      return `${100 * fault.share} % of writing statements fail with 40001 or 40P01`;
    case 'flush_redis':
      return `Redis flushed, ${fault.perSecond} times a second`;
    case 'backlog':
      return `${fault.orders} orders already pending`;
    case 'blocked_stdout':
      return 'stdout is not read';
    case 'cpu_quota':
      return `the service runs for ${fault.quota} of every ${fault.period} ms`;
    case 'long_tasks':
      return `a synchronous task of ${fault.length} ms every ${fault.every} ms`;
    case 'memory_leak':
      return `what is allocated is kept, until the heap is ${100 * fault.share} % full`;
    case 'busy_neighbours':
      return 'one busy process per processor';
    case 'idle_connections':
      return `a client keeps ${fault.count} idle connections open`;
    case 'heap_snapshots':
      return `a heap snapshot is written every ${fault.every} s`;
    case 'clock':
      return `clock of replica ${fault.replica + 1} shifted by ${fault.seconds} s`;
    case 'surge':
      return `${fault.times} times the usual orders`;
    case 'noisy_client':
      return `another client sends ${fault.perSecond} requests a second`;
    case 'poison_orders':
      return `another client places ${fault.perSecond} orders a second that the gateway never answers or refuses`;
    case 'open_traces':
      return `${fault.perSecond} spans a second of traces whose root never comes`;
    case 'wrong_keys':
      return `${fault.perSecond} wrong API keys a second`;
  }
}

function describeToxic(toxic: Toxic): string {
  switch (toxic.type) {
    case 'latency':
      return `${toxic.latency} ± ${toxic.jitter} ms of latency`;
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
