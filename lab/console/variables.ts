import { text, url, wholeNumber } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Everything that the console reads, besides the standard `OTEL_EXPORTER_OTLP_…` variables of its receiver. */
export const consoleVariables = {
  NODE_ENV: { ...variables.NODE_ENV, meaning: 'with `production` the console refuses to start' },
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
