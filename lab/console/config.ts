import { type Environment, read } from '../../src/config/environment.ts';
import type { PrometheusPlace } from './alerts/prometheus-watch.ts';
import type { Targets } from './targets.ts';
import { readCollector } from './receiver/collector.ts';
import { consoleVariables } from './variables.ts';

export interface ConsoleConfig {
  environment: 'development' | 'test' | 'production';
  port: number;
  /** Maximum bytes of traces and log lines. */
  memory: number;
  /** Where received telemetry is forwarded, by signal; `undefined` forwards nothing. */
  collector: ReturnType<typeof readCollector>;
  prometheus: PrometheusPlace;
  timeScale: number;
  targets: Targets;
}

/** Where the Prometheus of the stack listens, by docker-compose.yml. */
const stackPrometheus = 'http://127.0.0.1:7076';

/** @throws {ConfigError} listing every malformed variable */
export function loadConsoleConfig(env: Environment = process.env): ConsoleConfig {
  const value = read(consoleVariables, env);
  return {
    environment: value.NODE_ENV,
    port: value.CONSOLE_PORT,
    memory: value.CONSOLE_MEMORY * 1_048_576,
    collector: readCollector(env, value.CONSOLE_PORT),
    prometheus: {
      url: value.CONSOLE_PROMETHEUS_URL ?? stackPrometheus,
      isGiven: value.CONSOLE_PROMETHEUS_URL !== undefined,
    },
    timeScale: value.CONSOLE_ALERT_TIME_SCALE,
    targets: {
      apiUrl: value.CONSOLE_API_URL,
      apiKey: value.CONSOLE_API_KEY,
      metricsUrl: value.CONSOLE_METRICS_URL,
      gatewayUrl: value.CONSOLE_GATEWAY_URL,
      databaseUrl: value.CONSOLE_DATABASE_URL,
    },
  };
}
