import { type Environment, read } from '../../src/config/environment.ts';
import { trafficVariables } from './variables.ts';

export interface TrafficConfig {
  /** Base URLs of the replicas, called in turn. */
  urls: readonly string[];
  /** Visits per second; 0 sends none. */
  rate: number;
  apiKey: string;
  /** Makes a run repeatable; `undefined` picks a random seed. */
  seed: number | undefined;
  /** Printed once the service answers. */
  greeting: string | undefined;
  /** Address of the control port. */
  host: string;
  /** The control port; `undefined` opens none. */
  port: number | undefined;
  /** Names under which the control port answers, besides IP addresses and `localhost`. */
  allowedHosts: string[];
}

/** @throws {ConfigError} listing every malformed variable */
export function loadTrafficConfig(env: Environment = process.env): TrafficConfig {
  const value = read(trafficVariables, env);
  return {
    urls: value.TRAFFIC_URLS,
    rate: value.TRAFFIC_RATE,
    apiKey: value.TRAFFIC_API_KEY,
    seed: value.TRAFFIC_SEED,
    greeting: value.TRAFFIC_GREETING,
    host: value.HOST,
    port: value.TRAFFIC_PORT,
    allowedHosts: value.TRAFFIC_ALLOWED_HOSTS ?? [],
  };
}
