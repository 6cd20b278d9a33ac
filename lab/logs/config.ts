import { ConfigError, type Environment, mustNotBeZero, read } from '../../src/config/environment.ts';
import type { Compression } from './output/compression.ts';
import { logsVariables } from './variables.ts';

/** The configuration of `npm run logs`; what is read and where it goes is said by its arguments. Times in milliseconds. */
export interface LogsConfig {
  admin: { host: string; port: number; allowedHosts: readonly string[] };
  checkpoint: string;
  authorization: string | undefined;
  compression: Compression;
  timeout: number;
  batch: { size: number; delay: number };
  inFlight: number;
  /** Bytes. */
  longestLine: number;
  mostServices: number;
  waits: { line: number; rotated: number };
  pollInterval: number;
  shutdownDeadline: number;
}

/** @throws {ConfigError} listing every malformed variable, and every wait whose 0 breaks something */
export function loadLogsConfig(env: Environment = process.env): LogsConfig {
  const value = read(logsVariables, env);
  const faults = mustNotBeZero(
    value,
    'LOGS_TIMEOUT',
    'LOGS_LINE_WAIT',
    'LOGS_ROTATED_WAIT',
    'LOGS_POLL_INTERVAL',
  ).flatMap(([applies, sentence]) => (applies ? [sentence] : []));
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    admin: { host: value.HOST, port: value.LOGS_PORT, allowedHosts: value.LOGS_ALLOWED_HOSTS ?? [] },
    checkpoint: value.LOGS_CHECKPOINT,
    authorization: value.LOGS_AUTHORIZATION,
    compression: value.LOGS_COMPRESSION,
    timeout: value.LOGS_TIMEOUT,
    batch: { size: value.LOGS_BATCH_SIZE, delay: value.LOGS_BATCH_DELAY },
    inFlight: value.LOGS_IN_FLIGHT,
    longestLine: value.LOGS_LONGEST_LINE,
    mostServices: value.LOGS_SERVICES_MAX,
    waits: { line: value.LOGS_LINE_WAIT, rotated: value.LOGS_ROTATED_WAIT },
    pollInterval: value.LOGS_POLL_INTERVAL,
    shutdownDeadline: value.LOGS_SHUTDOWN_DEADLINE,
  };
}
