import { type Environment, read, text, wholeNumber } from '../../src/config/environment.ts';

export const simulatorVariables = {
  SIMULATOR_HOST: text({ default: '127.0.0.1', meaning: 'address that the simulator listens on' }),
  SIMULATOR_PORT: wholeNumber(0, 65_535, {
    default: '7072',
    meaning: 'port of the simulator; 0 takes a free one',
  }),
} as const;

/** @throws {ConfigError} listing every malformed variable */
export function loadSimulatorConfig(env: Environment = process.env): { host: string; port: number } {
  const value = read(simulatorVariables, env);
  return { host: value.SIMULATOR_HOST, port: value.SIMULATOR_PORT };
}
