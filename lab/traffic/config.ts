import { type Environment, read } from '../../src/config/environment.ts';
import { trafficVariables } from './variables.ts';

export interface TrafficConfig {
  /** Services that take turns. */
  urls: readonly string[];
  /** Requests per second; 0 is none. */
  rate: number;
  apiKey: string;
  /** Makes a run repeatable; `undefined` draws anew each time. */
  seed: number | undefined;
  /** Printed once the service answers. */
  greeting: string | undefined;
  /** Address of the control port. */
  host: string;
  /** The control port; `undefined` opens none. */
  port: number | undefined;
}

/** @throws {ConfigError} when a variable is malformed; all faults at once */
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
  };
}
