import { baseUrl, pageUrl, serverUrl } from '../../src/config/addresses.ts';
import { text, wholeNumber } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Every variable that the console reads, besides the standard `OTEL_EXPORTER_OTLP_…` ones for its Collector. */
export const consoleVariables = {
  NODE_ENV: { ...variables.NODE_ENV, meaning: 'with `production`, the console refuses to start' },
  CONSOLE_PORT: wholeNumber(0, 65_535, {
    default: '7073',
    meaning: 'port of the console, for its page and for telemetry over OTLP/HTTP; 0 picks a free one',
  }),
  CONSOLE_MEMORY: wholeNumber(8, 4096, {
    default: '28',
    meaning: 'MiB of traces, log lines and metrics that the console keeps; the oldest are dropped first',
  }),
  CONSOLE_API_URL: serverUrl({
    default: 'http://127.0.0.1:7070',
    meaning: 'URL of the API of the service that `npm run console` observes',
  }),
  CONSOLE_METRICS_URL: pageUrl({
    default: 'http://127.0.0.1:7071/metrics',
    meaning: 'URL that `npm run console` scrapes metrics from',
  }),
  CONSOLE_GATEWAY_URL: serverUrl({
    default: 'http://127.0.0.1:7072',
    meaning: 'URL of the payment gateway simulator in which `npm run console` sets faults',
  }),
  CONSOLE_DATABASE_URL: text({
    optional: true,
    meaning:
      "URL of the service's Postgres, from which `npm run console` lists the orders of all clients; without it, the list has those of CONSOLE_API_KEY",
    secret: true,
  }),
  CONSOLE_PROMETHEUS_URL: baseUrl({
    optional: true,
    meaning:
      'URL of the Prometheus whose state of the alert rules the console shows; without it, the Prometheus of the stack if it scrapes the service, or else the console evaluates the rules itself',
  }),
  CONSOLE_ALERT_TIME_SCALE: wholeNumber(1, 20, {
    default: '1',
    meaning:
      'how many times shorter the durations of the alert rules are when the console evaluates them, to rehearse an alert in seconds',
  }),
  CONSOLE_API_KEY: text({
    default: 'demo-key',
    meaning: 'API key with which the console sends traffic and reads orders',
    secret: true,
  }),
} as const;
