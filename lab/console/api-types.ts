import type { DomainTotals } from './domain-totals.ts';

/** The API between the console's server and its page, as types that both import. Times are milliseconds since 1970. */

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Values = Record<string, Value>;

export interface SpanRecord {
  traceId: string;
  spanId: string;
  /** Empty for the root span. */
  parentId: string;
  name: string;
  kind: string;
  service: string;
  start: number;
  end: number;
  /** A 4xx answer does not count as a failure, although the conventions mark the client's span as an error. */
  failed: boolean;
  /** Description of the status; may be empty. */
  message: string;
  attributes: Values;
  events: Array<{ time: number; name: string; attributes: Values } & Exactly>;
  links: Array<
    { traceId: string; spanId: string; attributes: Values; traceState?: string; flags?: number } & Exactly
  >;
  /** Number of attributes, events and links that the sender or the console dropped, and of texts that the console shortened. */
  dropped: number;
  /** Number of its origin; 0 if that is not known. */
  origin: number;
  /** As in OTLP. */
  flags: number;
  /** Missing if it is not needed. */
  more?: MoreOfSpan;
}

/** What few spans have. */
export interface MoreOfSpan {
  traceState?: string;
  /** Where `failed` does not tell. */
  status?: string;
  droppedEvents?: number;
  droppedLinks?: number;
  exact?: Values;
}

/** What attributes are in OTLP, and JSON does not tell. */
interface Exactly {
  /** In the JSON of OTLP, those whose type JSON does not have: doubles without a fraction, integers beyond 2^53, bytes. */
  exact?: Values;
  /** Number of attributes that the sender dropped; missing if there are none. */
  dropped?: number;
}

/** What made a span. */
export interface Origin {
  resource: { attributes: Values; schemaUrl: string } & Exactly;
  /** The instrumentation scope. */
  scope: { name: string; version: string; attributes: Values; schemaUrl: string } & Exactly;
}

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LogRecord {
  time: number;
  level: Level;
  service: string;
  /** Empty if the line has none, like the ids. */
  event: string;
  text: string;
  traceId: string;
  spanId: string;
  orderId: string;
  attributes: Values;
  /** Number of attributes that the sender or the console dropped, and of texts that the console shortened. Missing if there are none. */
  dropped?: number;
  /** Number of its resource and scope, for `/api/origins`. */
  origin?: number;
}

/** A line, numbered in the order of arrival. */
export interface NumberedLog extends LogRecord {
  number: number;
}

export interface TraceSummary {
  traceId: string;
  /** Grows with every span that arrives for any trace. */
  revision: number;
  /** Name of the root span, or of the earliest span until it arrives. */
  name: string;
  service: string;
  services: string[];
  start: number;
  /** From the first start to the last end of its spans. */
  duration: number;
  spans: number;
  failed: boolean;
  /** HTTP status of the answer; null for other traces. */
  httpStatus: number | null;
  orderIds: string[];
}

export interface TraceList {
  /** Sent back as `after`, it limits the next answer to later changes. */
  revision: number;
  /** Newest first. */
  traces: TraceSummary[];
  /** Older traces were not searched, because there is too much text. */
  partial: boolean;
  /** Number of traces that the console has. */
  kept: number;
}

export interface TraceDetail {
  traceId: string;
  spans: SpanRecord[];
  /** By number. One that was not sent for long is missing. */
  origins: Record<string, Origin>;
  logs: LogRecord[];
  /** Traces with a span that links here: a later settlement links to the trace that placed the order. */
  linkedFrom: TraceSummary[];
  /** Number of spans beyond the limit of one trace. */
  dropped: number;
}

export interface LogList {
  /** Sent back as `after`, it limits the next answer to later lines. */
  last: number;
  /** Oldest first. */
  lines: NumberedLog[];
  /** Number of matching lines beyond the limit of one answer, or after those that were asked for. */
  skipped: number;
  /** Number of lines that the console has. */
  kept: number;
}

/** The time in which a fault was set. `to` is missing while the fault lasts. */
export interface FaultWindow {
  from: number;
  to?: number;
  /** Description of the fault. */
  label: string;
}

/** A request that the latency histogram refers to. */
export interface Exemplar {
  time: number;
  seconds: number;
  traceId: string;
  /** Method and route. */
  name: string;
  httpStatus: string;
}

export interface Overview extends DomainTotals {
  now: number;
  /** One per second, newest last; only those after the requested time. */
  times: number[];
  /** One value per time, or null. metrics/series.ts defines the columns. */
  columns: Record<string, Array<number | null>>;
  exemplars: Exemplar[];
  /** All windows of the last 15 minutes. */
  faults: FaultWindow[];
  service: 'up' | 'down' | 'unknown';
  /** Name of the service whose metrics are read, from its span in the trace of an exemplar; empty until there is one. */
  serviceName: string;
  /** Alerts that fire or are pending, without the heartbeat. */
  alerts: { firing: number; pending: number };
  traffic: TrafficState;
  collector: CollectorState | null;
  receiver: { spans: number; logs: number; points: number; bytes: number };
}

/** State of forwarding to the user's Collector. */
export interface CollectorState {
  sent: number;
  waiting: number;
  dropped: number;
  /** Why the last request failed; missing after a success. */
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
  /** Missing if there is no simulator. */
  settings?: Record<string, number | null>;
  /** Why the settings are missing. */
  unavailable?: string;
  controls: Control[];
  scenarios: Scenario[];
  network: NetworkProxy[];
  toxicControls: ToxicControl[];
  /** Scenarios of the existing proxies. */
  networkScenarios: NetworkScenario[];
}

/** A network fault: its kind and attributes, in the names of Toxiproxy. */
export interface Toxic {
  type: string;
  [attribute: string]: string | number;
}

export interface ProxySettings {
  /** false cuts the connection. */
  enabled: boolean;
  toxics: Toxic[];
}

/** The network between the service and one of its dependencies. */
export interface NetworkProxy extends ProxySettings {
  name: string;
  /** Host and port of the dependency. */
  upstream: string;
  /** Id of the scenario that matches the settings exactly. */
  scenario: string | null;
}

export interface ToxicControl {
  name: string;
  meaning: string;
  toxic: string;
  /** The first attribute of a toxic is its main one. null for a toxic without attributes, which is on or off. */
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
  /** Requested visits per second; 0 while stopped. */
  rate: number;
  /** End of the current burst; missing outside a burst. */
  burstUntil?: number;
}

export interface TrafficDetail extends TrafficState {
  /** Why traffic cannot start. */
  unavailable?: string;
  underWay: number;
  skipped: number;
  mix: Array<{ kind: string; meaning: string; weight: number }>;
  /** One per second, as the clients saw it; only those after the requested time. */
  times: number[];
  columns: Record<string, Array<number | null>>;
  /** Number of requests since the start of the traffic, by kind and outcome. */
  outcomes: Array<{ kind: string; outcome: string; count: number }>;
}

/** Services and what they call, measured by the spans that arrived in the last `seconds`. */
export interface ServiceMap {
  seconds: number;
  nodes: Array<{
    id: string;
    name: string;
    kind: 'clients' | 'service' | 'database' | 'messaging' | 'other';
  }>;
  edges: ServiceEdge[];
}

export interface ServiceEdge {
  /** Ids of nodes. */
  from: string;
  to: string;
  /** Such as `http` or `postgresql`. */
  protocol: string;
  calls: number;
  failed: number;
  /** Calls per second. */
  rate: number;
  /** Share of the calls, 0 to 1; null without calls. */
  errors: number | null;
  /** Milliseconds; null without calls. */
  p50: number | null;
  p95: number | null;
}

/** What is known of the metrics of every sender. */
export interface MetricList {
  metrics: MetricSummary[];
  /** Series and points that the bounds of the store refused. */
  dropped: { series: number; points: number };
}

/** A counter only grows; a gauge and an `updown` are amounts. */
export type MetricKind = 'gauge' | 'updown' | 'counter' | 'histogram' | 'summary';

/** Series of one name and unit: two senders may give a name two units. */
export interface MetricSummary {
  name: string;
  kind: MetricKind;
  unit: string;
  description: string;
  services: string[];
  series: number;
  /** Points of further series of this name, which the bound on the series of a metric refused. */
  refused: number;
  /** Values by label, at most 50 each. */
  labels: Record<string, string[]>;
  /** Time of the newest point. */
  last: number;
}

/** The points of one metric, by series. */
export interface MetricPoints {
  name: string;
  series: MetricSeries[];
  /** Matching series beyond the limit of one answer. */
  skipped: number;
}

export interface MetricSeries {
  service: string;
  /** Name of the instrumentation scope; may be empty. */
  scope: string;
  kind: MetricKind;
  unit: string;
  labels: Record<string, string>;
  times: number[];
  /**
   * One value per time. A gauge and an updown have `value`; a counter `rate` per second and `total`; a histogram `rate`,
   * `mean`, `p50`, `p95`, `p99`; a summary `rate`, `mean` and its quantiles, such as `q0.99`. The first point of a cumulative
   * counter or histogram has no rate.
   */
  columns: Record<string, Array<number | null>>;
  /** Of a histogram, for each time: since when its observations are. */
  begins?: number[];
  /** And the observations themselves, by upper bound (null is infinity); without empty buckets. */
  buckets?: Array<Array<[number | null, number]>>;
  /** The newest observations with a trace. */
  exemplars: Array<{ time: number; value: number; traceId: string; spanId: string }>;
}

/** What a text with an id refers to. */
export type Found =
  | { kind: 'trace'; id: string }
  | { kind: 'order'; id: string }
  | { kind: 'nothing'; reason: string };

export interface OpenedFile {
  /** The first trace of the file; null if it has none. */
  traceId: string | null;
}
