import {
  type ApiKey,
  ConfigError,
  type Environment,
  mustNotBeZero,
  read,
  Secret,
  type Values,
} from './environment.ts';
import { domainConfig, type DomainConfig, domainContradictions } from './domain-config.ts';
import { identity } from '../identity.ts';
import type { LogFilter, LogLevel } from './log-filter.ts';
import { migrationVariables } from './migration-variables.ts';
import { withProxyNames } from './outgoing-proxy.ts';
import { knownHttpMethods, serviceNameIn } from './sdk-variables.ts';
import { type HttpConfig, httpConfig } from './http-config.ts';
import { postgresVariables } from './postgres-variables.ts';
import { variables } from './variables.ts';

/** The service's environment, read once, at start. Only `src/config/` reads `process.env`. */

/** The key that `npm start` prints. Anyone can read it, so production refuses it. */
export const demoApiKey: ApiKey = { client: 'demo', key: 'demo-key' };

/** Characters of a key in production: as many as 128 random bits take in base64 (RFC 6749, section 10.10). */
const shortestKey = 22;

/** The service's configuration. Every time is in milliseconds, every share a number from 0 to 1. */
export interface Config extends DomainConfig {
  environment: 'development' | 'test' | 'production';
  /** The name of this process in its log lines, which is the one that its spans have. */
  serviceName: string;
  logLevel: LogLevel;
  /** Of components with a level of their own. */
  logLevels: LogFilter['components'];
  /** What makes the spans: the service itself (`lean`), or the OpenTelemetry instrumentations (`auto`). */
  instrumentation: 'lean' | 'auto';
  /** The HTTP methods that spans and metrics name; all others share one name. */
  knownHttpMethods: readonly string[];
  /** Whose names the metrics have: those of the service in the style of Prometheus, those of OpenTelemetry, or both. */
  metricNames: MetricNames;
  /** How long a trace stays the exemplar of its bucket. */
  exemplarInterval: number;
  http: HttpConfig;
  admin: {
    host: string;
    port: number;
    /** Names under which it answers, besides IP addresses and `localhost`. */
    allowedHosts: string[];
    /** Port of the agent check, on the same host; `undefined` without one. */
    agentPort: number | undefined;
  };
  /** Whether the admin listener takes profiles. */
  profiling: boolean;
  apiKeys: Secret<ApiKey[]>;
  /** Requests per window. A `max` of 0 means no limit. */
  limits: {
    /** Requests per client. */
    requests: WindowConfig;
    /** Requests without a valid API key, per address. */
    addresses: WindowConfig;
    /** Wrong API keys, per address. */
    failures: WindowConfig;
  };
  /** `undefined` without REDIS_URL: each replica then has its own limits, and nothing is cached. */
  redis: RedisConfig | undefined;
  postgres: PostgresConfig;
  /** `undefined` when admission control is off. */
  admission: AdmissionConfig | undefined;
  shutdown: {
    /** From failing `/readyz` to refusing connections. */
    drainDelay: number;
    /** A shutdown that takes longer is cut off. */
    deadline: number;
  };
}

export type MetricNames = 'prometheus' | 'opentelemetry' | 'both';

export interface WindowConfig {
  max: number;
  window: number;
}

export interface RedisConfig {
  url: Secret<string>;
  commandTimeout: number;
}

export interface PostgresConfig {
  url: Secret<string>;
  /** What a pooler between the service and Postgres keeps for a connection. */
  pooler: 'auto' | 'session' | 'transaction';
  poolMax: number;
  /** Whether writes that arrive together share a statement. */
  batching: boolean;
  /** Longest wait for a connection, whether it is new or comes from the pool. */
  connectTimeout: number;
  /** Postgres cancels a statement that runs longer. */
  statementTimeout: number;
  /** One statement with all its retries. */
  deadline: number;
}

export interface MigrationConfig extends Pick<PostgresConfig, 'url' | 'pooler'> {
  /** For how long a Postgres that takes no connection yet is tried again. */
  connectDeadline: number;
  /** Longest wait for a lock, behind which requests queue. */
  lockTimeout: number;
  /** One migration with all its tries to get its locks. */
  lockDeadline: number;
}

export interface AdmissionConfig {
  /** Bounds of the adaptive limit on requests in flight, both included. */
  floor: number;
  ceiling: number;
  /** Longest wait for a connection to Postgres or to a dependency before the limit shrinks. */
  target: number;
  /** Longest mean time to the answer before the limit shrinks, while the event loop is busy. */
  busyLatency: number;
  /** Longest admission queue, in requests. */
  queue: number;
  queueTimeout: number;
  /** Lag of the event loop at which the limit shrinks and no request may queue. */
  loopDelay: number;
}

type ServiceValues = Values<typeof variables>;

/**
 * Reads the service's configuration.
 *
 * @throws {ConfigError} when a variable is missing or malformed, or two contradict each other; lists every fault
 */
export function loadConfig(env: Environment = process.env): Config {
  const value = read(variables, withProxyNames(env));
  const faults = contradictions(value);
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    environment: value.NODE_ENV,
    serviceName: serviceNameIn(env) ?? identity.name,
    logLevel: value.LOG_LEVEL.level ?? 'info',
    logLevels: value.LOG_LEVEL.components,
    instrumentation: value.TELEMETRY_INSTRUMENTATION,
    knownHttpMethods: knownHttpMethods(env),
    metricNames: value.METRICS_NAMES,
    exemplarInterval: value.EXEMPLAR_INTERVAL,
    http: httpConfig(value),
    admin: {
      host: value.ADMIN_HOST,
      port: value.ADMIN_PORT,
      allowedHosts: value.ADMIN_ALLOWED_HOSTS ?? [],
      agentPort: value.AGENT_PORT,
    },
    profiling: value.PROFILING === 'auto' ? value.NODE_ENV !== 'production' : value.PROFILING === 'on',
    apiKeys: new Secret(value.API_KEYS),
    limits: {
      requests: { max: value.RATE_LIMIT_MAX, window: value.RATE_LIMIT_WINDOW },
      addresses: { max: value.RATE_LIMIT_ADDRESS_MAX, window: value.RATE_LIMIT_WINDOW },
      failures: { max: value.AUTH_FAILURE_MAX, window: value.AUTH_FAILURE_WINDOW },
    },
    redis: redisConfig(value),
    postgres: postgresConfig(value),
    ...domainConfig(value),
    admission: admissionConfig(value),
    shutdown: { drainDelay: value.SHUTDOWN_DRAIN_DELAY, deadline: value.SHUTDOWN_DEADLINE },
  };
}

/** Returns a sentence for each value, or pair of values, that is valid by itself but must not be used. */
function contradictions(value: ServiceValues): string[] {
  const table: ReadonlyArray<[applies: boolean, sentence: string]> = [
    [
      value.NODE_ENV === 'production' && value.API_KEYS.some(({ key }) => key === demoApiKey.key),
      'API_KEYS holds the public demo key, which production refuses',
    ],
    ...domainContradictions(value),
    [
      value.NODE_ENV === 'production' &&
        value.API_KEYS.some(({ key }) => key.length < shortestKey && key !== demoApiKey.key),
      `API_KEYS holds a key of fewer than ${shortestKey} characters, which production refuses because it can be guessed`,
    ],
    [
      value.ADMISSION_LIMIT_MIN > value.ADMISSION_LIMIT_MAX,
      'ADMISSION_LIMIT_MIN must not be more than ADMISSION_LIMIT_MAX',
    ],
    // The RateLimit headers state windows in whole seconds.
    [value.RATE_LIMIT_WINDOW < 1000, 'RATE_LIMIT_WINDOW must be at least 1s'],
    [value.AUTH_FAILURE_WINDOW < 1000, 'AUTH_FAILURE_WINDOW must be at least 1s'],
    ...mustNotBeZero(value, 'ADMISSION_TARGET', 'ADMISSION_BUSY_LATENCY', 'ADMISSION_LOOP_DELAY'),
    ...mustNotBeZero(value, 'REDIS_COMMAND_TIMEOUT'),
    ...mustNotBeZero(value, 'DATABASE_CONNECT_TIMEOUT', 'DATABASE_DEADLINE', 'SHUTDOWN_DEADLINE'),
    [
      value.HTTP_HEADERS_TIMEOUT > value.HTTP_REQUEST_TIMEOUT,
      'HTTP_HEADERS_TIMEOUT must not be longer than HTTP_REQUEST_TIMEOUT',
    ],
    [
      value.SHUTDOWN_DEADLINE > 0 && value.SHUTDOWN_DRAIN_DELAY >= value.SHUTDOWN_DEADLINE,
      'SHUTDOWN_DRAIN_DELAY must be shorter than SHUTDOWN_DEADLINE, which includes it',
    ],
    // Node treats 0 as "no timeout".
    ...mustNotBeZero(value, 'HTTP_HEADERS_TIMEOUT', 'HTTP_KEEP_ALIVE_TIMEOUT', 'HTTP_SEND_TIMEOUT'),
  ];
  return table.filter(([applies]) => applies).map(([, sentence]) => sentence);
}

function redisConfig(value: ServiceValues): RedisConfig | undefined {
  if (value.REDIS_URL === undefined) return undefined;
  return {
    url: new Secret(value.REDIS_URL),
    commandTimeout: value.REDIS_COMMAND_TIMEOUT,
  };
}

function admissionConfig(value: ServiceValues): AdmissionConfig | undefined {
  if (value.ADMISSION === 'off') return undefined;
  return {
    floor: value.ADMISSION_LIMIT_MIN,
    ceiling: value.ADMISSION_LIMIT_MAX,
    target: value.ADMISSION_TARGET,
    busyLatency: value.ADMISSION_BUSY_LATENCY,
    queue: value.ADMISSION_QUEUE,
    queueTimeout: value.ADMISSION_QUEUE_TIMEOUT,
    loopDelay: value.ADMISSION_LOOP_DELAY,
  };
}

function postgresConfig(value: Values<typeof postgresVariables>): PostgresConfig {
  return {
    url: new Secret(value.DATABASE_URL),
    pooler: value.DATABASE_POOLER,
    poolMax: value.DATABASE_POOL_MAX,
    batching: value.DATABASE_BATCHING === 'on',
    connectTimeout: value.DATABASE_CONNECT_TIMEOUT,
    statementTimeout: value.DATABASE_STATEMENT_TIMEOUT,
    deadline: value.DATABASE_DEADLINE,
  };
}

/** Reads what `npm run migrate` needs. MIGRATION_DATABASE_URL comes before DATABASE_URL. @throws {ConfigError} */
export function loadMigrationConfig(env: Environment = process.env): MigrationConfig {
  const { DATABASE_URL, DATABASE_POOLER } = postgresVariables;
  const value = read({ DATABASE_POOLER, ...migrationVariables }, env);
  // Postgres treats 0 as "no timeout".
  if (value.MIGRATION_LOCK_TIMEOUT === 0) throw new ConfigError(['MIGRATION_LOCK_TIMEOUT must not be 0']);
  return {
    url: new Secret(value.MIGRATION_DATABASE_URL ?? read({ DATABASE_URL }, env).DATABASE_URL),
    pooler: value.DATABASE_POOLER,
    connectDeadline: value.MIGRATION_CONNECT_DEADLINE,
    lockTimeout: value.MIGRATION_LOCK_TIMEOUT,
    lockDeadline: value.MIGRATION_LOCK_DEADLINE,
  };
}
