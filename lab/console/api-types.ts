/** What the console's server tells its page. Types alone: both sides read this file. Times are milliseconds since 1970. */

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Values = Record<string, Value>;

export interface SpanRecord {
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentId: string;
  name: string;
  kind: string;
  service: string;
  start: number;
  end: number;
  /** An answer of 4xx is an answer: for its caller the conventions call it an error, and it is not counted here. */
  failed: boolean;
  /** Why; may be empty. */
  message: string;
  attributes: Values;
  events: Array<{ time: number; name: string; attributes: Values }>;
  links: Array<{ traceId: string; spanId: string; attributes: Values }>;
  /** Attributes, events and links that are missing, here or already at the sender. */
  dropped: number;
}

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LogRecord {
  time: number;
  level: Level;
  service: string;
  /** Empty where the line has none, like the ids. */
  event: string;
  text: string;
  traceId: string;
  spanId: string;
  orderId: string;
  attributes: Values;
}

/** A line in the order of its arrival. */
export interface NumberedLog extends LogRecord {
  number: number;
}

export interface TraceSummary {
  traceId: string;
  /** Grows with every span that arrives for any trace. */
  revision: number;
  /** Of the first span, as far as it is known yet. */
  name: string;
  service: string;
  services: string[];
  start: number;
  /** From the first beginning to the last end of its spans. */
  duration: number;
  spans: number;
  failed: boolean;
  /** Of the answer, where it is one of HTTP. */
  httpStatus: number | null;
  orderIds: string[];
}

export interface TraceList {
  /** To be sent back as `after`: only what has changed since is told again. */
  revision: number;
  /** Newest first. */
  traces: TraceSummary[];
  /** Older traces were not looked at, because there is a lot of text. */
  partial: boolean;
}

export interface TraceDetail {
  traceId: string;
  spans: SpanRecord[];
  logs: LogRecord[];
  /** Traces of which a span links here: an order that is settled later links to the trace that placed it. */
  linkedFrom: TraceSummary[];
  /** Spans beyond what is kept of one trace. */
  dropped: number;
}

export interface LogList {
  /** To be sent back as `after`. */
  last: number;
  /** Oldest first. */
  lines: NumberedLog[];
  /** Matching lines that were left out because there are more than a page shows. */
  skipped: number;
}

/** Time in which a fault was set. `to` is missing while it still is. */
export interface FaultWindow {
  from: number;
  to?: number;
  /** What was set, in words. */
  label: string;
}

/** A request whose trace is named by the latency histogram. */
export interface Exemplar {
  time: number;
  seconds: number;
  traceId: string;
  /** Method and route. */
  name: string;
  httpStatus: string;
}

export interface Overview {
  now: number;
  /** One per second, newest last; only those after the one that was asked for. */
  times: number[];
  /** A value per time, null where there is none; metrics/series.ts says which there are. */
  columns: Record<string, Array<number | null>>;
  exemplars: Exemplar[];
  /** All of the last 15 minutes. */
  faults: FaultWindow[];
  /** Settled orders in minor units, by currency, since the service started. */
  revenue: Record<string, number>;
  orders: Record<string, number>;
  service: 'up' | 'down' | 'unknown';
  traffic: TrafficState;
  collector: CollectorState | null;
  receiver: { spans: number; logs: number; bytes: number };
}

/** How forwarding to the user's Collector goes. */
export interface CollectorState {
  sent: number;
  waiting: number;
  dropped: number;
  /** Why the last request failed; missing while all is well. */
  failure?: string;
}

export interface Control {
  name: string;
  meaning: string;
  form: 'rate' | 'number' | 'seed';
  default: number | null;
  maximum: number;
}

export interface Scenario {
  id: string;
  title: string;
  meaning: string;
  settings: Record<string, number>;
}

export interface FaultState {
  /** Missing where there is no simulator to set faults of. */
  settings?: Record<string, number | null>;
  /** Why there are none. */
  unavailable?: string;
  controls: Control[];
  scenarios: Scenario[];
  network: NetworkProxy[];
  toxicControls: ToxicControl[];
  /** Of the wires that there are. */
  networkScenarios: NetworkScenario[];
}

/** Kind and attributes of what a network does, in the names of Toxiproxy. */
export interface Toxic {
  type: string;
  [attribute: string]: string | number;
}

export interface ProxySettings {
  /** A wire that is not is cut. */
  enabled: boolean;
  toxics: Toxic[];
}

/** The network between the service and one of its dependencies. */
export interface NetworkProxy extends ProxySettings {
  name: string;
  /** Where it leads, as host and port. */
  upstream: string;
  /** That is set of it, and nothing else. */
  scenario: string | null;
}

export interface ToxicControl {
  name: string;
  meaning: string;
  toxic: string;
  /** The first of a toxic is the one that it is about. One without any is there or not. */
  attribute: string | null;
  minimum: number;
  maximum: number;
}

export interface NetworkScenario extends ProxySettings {
  id: string;
  title: string;
  meaning: string;
  proxy: string;
}

export interface TrafficState {
  running: boolean;
  /** Visits a second that are asked for; 0 while it is stopped. */
  rate: number;
  /** Until when a burst lasts; missing outside of one. */
  burstUntil?: number;
}

export interface TrafficDetail extends TrafficState {
  /** Why there can be none. */
  unavailable?: string;
  underWay: number;
  skipped: number;
  mix: Array<{ kind: string; meaning: string; weight: number }>;
  /** One per second, as the clients saw it; only those after the one that was asked for. */
  times: number[];
  columns: Record<string, Array<number | null>>;
  /** Requests since the start of the traffic, by kind and outcome. */
  outcomes: Array<{ kind: string; outcome: string; count: number }>;
}

export interface OrderLife {
  orderId: string;
  /** As the API shows it. */
  order?: { status: string; totalMinor: number; currency: string; createdAt: string; updatedAt: string };
  /** Why the API does not show it. */
  orderMissing?: string;
  /** As the gateway's ledger has it. */
  charge?: Values;
  chargeMissing?: string;
  traces: TraceSummary[];
  spans: SpanRecord[];
  logs: LogRecord[];
}

/** What an id, or any text with one in it, leads to. */
export type Found =
  | { kind: 'trace'; id: string }
  | { kind: 'order'; id: string }
  | { kind: 'nothing'; reason: string };
