import { oneOf, optional, text, url, urls, wholeNumber } from './environment.ts';

/** What only `npm start`, `npm run dev` and the simulator read. */
export const exploreVariables = {
  DATA_DIR: text({ default: '.data', meaning: 'where the embedded Postgres keeps its data' }),
  SIMULATOR_PORT: wholeNumber(0, 65_535, {
    default: '7072',
    meaning: 'port of the payment gateway simulator',
  }),
  SIMULATOR_LEDGER_MAX: optional(
    wholeNumber(1, 10_000_000, {
      meaning: 'charges that the simulator remembers; the oldest goes first. Without it, all',
    }),
  ),
} as const;

/** What only `npm start`, `npm run dev` and the console read. */
export const consoleVariables = {
  CONSOLE: oneOf(['on', 'off'], {
    default: 'on',
    meaning: 'with `off`, `npm start` brings no console, and telemetry goes nowhere or to your Collector',
  }),
  CONSOLE_PORT: wholeNumber(0, 65_535, {
    default: '7073',
    meaning: 'port of the console: its page, and where telemetry is sent over OTLP/HTTP',
  }),
  CONSOLE_MEMORY: wholeNumber(8, 4096, {
    default: '96',
    meaning: 'MiB of traces and log lines that the console keeps; what is older goes',
  }),
  CONSOLE_API_URL: url(['http:', 'https:'], {
    default: 'http://127.0.0.1:7070',
    meaning: 'the service that `npm run console` looks at, as its clients reach it',
  }),
  CONSOLE_METRICS_URL: url(['http:', 'https:'], {
    default: 'http://127.0.0.1:7071/metrics',
    meaning: 'where it reads the metrics',
  }),
  CONSOLE_GATEWAY_URL: url(['http:', 'https:'], {
    default: 'http://127.0.0.1:7072',
    meaning: 'the payment gateway simulator whose faults it sets',
  }),
  CONSOLE_API_KEY: text({
    default: 'demo-key',
    meaning: 'the API key that it sends traffic and looks at orders with',
    secret: true,
  }),
} as const;

/** What only `npm run traffic` reads. */
export const trafficVariables = {
  TRAFFIC_URLS: urls(['http:', 'https:'], {
    default: 'http://127.0.0.1:7070',
    meaning: 'where the traffic generator sends its requests, in turn',
  }),
  TRAFFIC_RATE: wholeNumber(0, 1000, {
    default: '6',
    meaning: 'requests a second of the traffic generator; 0 is none',
  }),
  TRAFFIC_API_KEY: text({ default: 'demo-key', meaning: 'the API key it calls with', secret: true }),
  TRAFFIC_SEED: optional(
    wholeNumber(0, 2 ** 32 - 1, {
      meaning: 'makes the traffic generator draw the same customers and cards again',
    }),
  ),
  TRAFFIC_PORT: optional(
    wholeNumber(0, 65_535, {
      meaning: 'port on which the rate can be read and changed; without it there is none',
    }),
  ),
  TRAFFIC_GREETING: optional(text({ meaning: 'what the traffic generator prints once the service answers' })),
} as const;
