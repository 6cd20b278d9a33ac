import type { Labels } from './exposition.ts';

/** Attributes by their names in the conventions; one without a value is left out. */
export type Attributes = Readonly<Record<string, string | undefined>>;

/** What the labels of a metric cannot say: where the databases are. */
export interface ConventionContext {
  /** Attributes of the database, by the label `dependency`. */
  databases: Readonly<Record<string, Attributes>>;
  /** The pool of connections to Postgres. */
  pool: { name: string; max: number };
}

/** A metric of the semantic conventions, and what it is made from. */
export interface Convention {
  name: string;
  /** As Prometheus shows it: an UpDownCounter is a gauge. */
  type: 'counter' | 'gauge' | 'histogram';
  /** As in the conventions: `{request}` counts requests. */
  unit: 's' | 'By' | '1' | `{${string}}`;
  help: string;
  /** The bounds that the conventions advise. */
  buckets?: readonly number[];
  /** Metrics of the service that say the same. They are left out where only the names of the conventions are shown. */
  own: readonly string[];
  /**
   * Those of `own` whose series become the series of this metric; empty if it is measured by itself. Series whose attributes
   * come out equal are added up.
   */
  from: readonly string[];
  /** The attributes, each with the label that has its value, or with how it follows from the labels. */
  attributes: Readonly<Record<string, string | AttributeSource>>;
  /** Which series of `from` belong to this metric. Default: all. */
  where?(labels: Labels, context: ConventionContext): boolean;
}

type AttributeSource = (
  labels: Labels,
  source: { family: string; context: ConventionContext },
) => string | undefined;

/** Seconds. The conventions advise the same for the server, the client and the garbage collector. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Seconds. */
const databaseBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

const ofDatabase =
  (attribute: string): AttributeSource =>
  ({ dependency = '' }, { context }) =>
    context.databases[dependency]?.[attribute];

const spaceName: AttributeSource = ({ space }) => `${space}_space`;

/** A metric that is measured by itself, because no other has its values. Its labels are its attributes. */
function measured(
  name: string,
  rest: Pick<Convention, 'type' | 'unit' | 'help'> & Partial<Pick<Convention, 'own' | 'buckets'>>,
  attributes: readonly string[] = [],
): Convention {
  return {
    own: [],
    ...rest,
    name,
    from: [],
    attributes: Object.fromEntries(attributes.map((attribute) => [attribute, labelName(attribute)])),
  };
}

/** A metric that is one of the service's under another name. */
function renamed(
  name: string,
  own: string | readonly string[],
  rest: Pick<Convention, 'type' | 'unit' | 'help'> & Partial<Convention>,
): Convention {
  const all = typeof own === 'string' ? [own] : own;
  return { attributes: {}, from: all, ...rest, name, own: all };
}

const delay = (which: string, what: string): Convention =>
  renamed(`nodejs.eventloop.delay.${which}`, `nodejs_eventloop_lag_${which}_seconds`, {
    type: 'gauge',
    unit: 's',
    help: `${what} of the delays of the event loop.`,
  });

/**
 * Every metric of the semantic conventions 1.45 that the service has, and the one place that says so: METRICS_NAMES shows them.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 * @see https://opentelemetry.io/docs/specs/semconv/db/database-metrics/
 * @see https://opentelemetry.io/docs/specs/semconv/runtime/nodejs-metrics/
 * @see https://opentelemetry.io/docs/specs/semconv/runtime/v8js-metrics/
 * @see https://opentelemetry.io/docs/specs/semconv/system/process-metrics/
 */
export const conventions: readonly Convention[] = [
  renamed('http.server.request.duration', ['http_request_duration_seconds', 'http_requests_total'], {
    type: 'histogram',
    unit: 's',
    help: 'Duration of HTTP server requests.',
    buckets: durationBuckets,
    from: ['http_request_duration_seconds'],
    attributes: {
      'http.request.method': 'method',
      'url.scheme': 'scheme',
      'http.route': ({ route }) => (route === 'unknown' ? undefined : route),
      'http.response.status_code': ({ status_code: status }) => (status === clientGone ? undefined : status),
      'error.type': ({ status_code: status = '' }) =>
        status === clientGone ? 'client_gone' : Number(status) >= 500 ? status : undefined,
      'network.protocol.version': 'protocol_version',
    },
  }),
  renamed('http.server.active_requests', 'http_requests_in_flight', {
    type: 'gauge',
    unit: '{request}',
    help: 'Number of active HTTP server requests.',
    attributes: { 'http.request.method': 'method', 'url.scheme': 'scheme' },
  }),
  measured(
    'http.client.request.duration',
    { type: 'histogram', unit: 's', help: 'Duration of HTTP client requests.', buckets: durationBuckets },
    ['http.request.method', 'server.address', 'server.port', 'http.response.status_code', 'error.type'],
  ),
  renamed('db.client.operation.duration', 'dependency_request_duration_seconds', {
    type: 'histogram',
    unit: 's',
    help: 'Duration of database client operations.',
    buckets: databaseBuckets,
    where: ({ dependency = '' }, { databases }) => Object.hasOwn(databases, dependency),
    attributes: {
      'db.system.name': ofDatabase('db.system.name'),
      'db.namespace': ofDatabase('db.namespace'),
      // The summary of a statement is its operation and its table; the operation of Redis is the command.
      'db.operation.name': ({ summary, operation }) => (summary ? summary.split(' ')[0] : operation),
      'db.collection.name': ({ summary = '' }) => summary.split(' ')[1],
      'db.query.summary': 'summary',
      'db.response.status_code': 'db_status',
      'error.type': 'error',
      'server.address': ofDatabase('server.address'),
      'server.port': ofDatabase('server.port'),
    },
  }),
  measured(
    'db.client.connection.count',
    {
      type: 'gauge',
      unit: '{connection}',
      help: 'Connections of the pool by their state.',
      own: ['pg_pool_connections'],
    },
    ['db.client.connection.pool.name', 'db.client.connection.state'],
  ),
  measured(
    'db.client.connection.pending_requests',
    {
      type: 'gauge',
      unit: '{request}',
      help: 'Callers that wait for a connection of the pool.',
      own: ['pg_pool_connections'],
    },
    ['db.client.connection.pool.name'],
  ),
  measured(
    'db.client.connection.max',
    { type: 'gauge', unit: '{connection}', help: 'Connections that the pool may have.' },
    ['db.client.connection.pool.name'],
  ),
  delay('min', 'The shortest'),
  delay('max', 'The longest'),
  delay('mean', 'The mean'),
  delay('stddev', 'The standard deviation'),
  delay('p50', 'The median'),
  delay('p90', 'The 90th percentile'),
  delay('p99', 'The 99th percentile'),
  measured('nodejs.eventloop.utilization', {
    type: 'gauge',
    unit: '1',
    help: 'Share of the last 5 to 10 seconds in which the event loop was active, from 0 to 1.',
  }),
  measured(
    'nodejs.eventloop.time',
    { type: 'counter', unit: 's', help: 'Time that the event loop has been in each state.' },
    ['nodejs.eventloop.state'],
  ),
  renamed('v8js.gc.duration', 'nodejs_gc_duration_seconds', {
    type: 'histogram',
    unit: 's',
    help: 'Garbage collection duration.',
    buckets: durationBuckets,
    attributes: { 'v8js.gc.type': 'kind' },
  }),
  renamed('v8js.memory.heap.used', ['nodejs_heap_space_size_used_bytes', 'nodejs_heap_size_used_bytes'], {
    type: 'gauge',
    unit: 'By',
    help: 'Heap memory that is used, by space.',
    from: ['nodejs_heap_space_size_used_bytes'],
    attributes: { 'v8js.heap.space.name': spaceName },
  }),
  renamed('v8js.memory.heap.space.size', 'nodejs_heap_space_size_total_bytes', {
    type: 'gauge',
    unit: 'By',
    help: 'Heap memory that is allocated, by space.',
    attributes: { 'v8js.heap.space.name': spaceName },
  }),
  renamed('v8js.memory.heap.space.available_size', 'nodejs_heap_space_size_available_bytes', {
    type: 'gauge',
    unit: 'By',
    help: 'Heap memory that is available, by space.',
    attributes: { 'v8js.heap.space.name': spaceName },
  }),
  measured(
    'v8js.memory.heap.space.physical_size',
    { type: 'gauge', unit: 'By', help: 'Heap memory that is committed, by space.' },
    ['v8js.heap.space.name'],
  ),
  renamed('v8js.resource.active', 'nodejs_active_resources', {
    type: 'gauge',
    unit: '{resource}',
    help: 'Resources that keep the event loop alive.',
    attributes: { 'v8js.resource.type': 'type' },
  }),
  renamed(
    'process.cpu.time',
    ['process_cpu_user_seconds_total', 'process_cpu_system_seconds_total', 'process_cpu_seconds_total'],
    {
      type: 'counter',
      unit: 's',
      help: 'CPU seconds by mode.',
      from: ['process_cpu_user_seconds_total', 'process_cpu_system_seconds_total'],
      attributes: { 'cpu.mode': (_labels, { family }) => (family.includes('_user_') ? 'user' : 'system') },
    },
  ),
  renamed('process.memory.usage', 'process_resident_memory_bytes', {
    type: 'gauge',
    unit: 'By',
    help: 'Physical memory in use.',
  }),
  renamed('process.memory.virtual', 'process_virtual_memory_bytes', {
    type: 'gauge',
    unit: 'By',
    help: 'Committed virtual memory.',
  }),
  renamed('process.disk.io', ['process_disk_read_bytes_total', 'process_disk_written_bytes_total'], {
    type: 'counter',
    unit: 'By',
    help: 'Disk bytes transferred.',
    attributes: {
      'disk.io.direction': (_labels, { family }) => (family.includes('_read_') ? 'read' : 'write'),
    },
  }),
  renamed('process.unix.file_descriptor.count', 'process_open_fds', {
    type: 'gauge',
    unit: '{file_descriptor}',
    help: 'File descriptors in use.',
  }),
  measured('process.uptime', {
    type: 'gauge',
    unit: 's',
    help: 'Time since the start of the process.',
    own: ['process_start_time_seconds'],
  }),
  renamed('system.cpu.utilization', 'system_cpu_utilization_ratio', {
    type: 'gauge',
    unit: '1',
    help: 'Share of the time of all processors of the host that was not idle, from 0 to 1.',
  }),
  renamed('system.memory.usage', 'system_memory_used_bytes', {
    type: 'gauge',
    unit: 'By',
    help: 'Memory of the host by state.',
    attributes: { 'system.memory.state': () => 'used' },
  }),
];

/** The label of a request whose client went away; it was sent no status. */
const clientGone = '499';

/**
 * The name that the OpenTelemetry specification gives a metric in Prometheus.
 *
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#otlp-metric-points-to-prometheus
 */
export function prometheusName({ name, unit, type }: Pick<Convention, 'name' | 'unit' | 'type'>): string {
  const units: Readonly<Record<string, string>> = {
    s: '_seconds',
    By: '_bytes',
    1: type === 'gauge' ? '_ratio' : '',
  };
  return name.replaceAll('.', '_') + (units[unit] ?? '') + (type === 'counter' ? '_total' : '');
}

export function labelName(attribute: string): string {
  return attribute.replaceAll('.', '_');
}

/** @throws {TypeError} if the table has no such metric */
export function conventionNamed(name: string): Convention {
  const found = conventions.find((convention) => convention.name === name);
  if (found === undefined) throw new TypeError(`${name} is not in the table of the conventions.`);
  return found;
}
