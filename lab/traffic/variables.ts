import { serverUrl } from '../../src/config/addresses.ts';
import { hostNames, listOf, optional, text, wholeNumber } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Every variable that the traffic generator reads. */
export const trafficVariables = {
  HOST: { ...variables.HOST, meaning: 'address that the control port of the traffic generator listens on' },
  TRAFFIC_URLS: listOf(
    serverUrl({
      default: 'http://127.0.0.1:7070',
      meaning: 'URLs of the APIs that the traffic generator calls in turn, comma-separated',
    }),
  ),
  TRAFFIC_RATE: wholeNumber(0, 1000, {
    default: '6',
    meaning: 'requests per second of the traffic generator; 0 sends none',
  }),
  TRAFFIC_API_KEY: text({
    default: 'demo-key',
    meaning: 'API key that the traffic generator calls with',
    secret: true,
  }),
  TRAFFIC_SEED: optional(
    wholeNumber(0, 2 ** 32 - 1, {
      meaning: 'seed from which the traffic generator draws the same customers and cards again',
    }),
  ),
  TRAFFIC_PORT: optional(
    wholeNumber(0, 65_535, {
      meaning: 'control port, on which the rate can be read and changed; without it, there is none',
    }),
  ),
  TRAFFIC_ALLOWED_HOSTS: optional(
    hostNames({
      meaning:
        'names under which the control port answers, comma-separated; IP addresses and `localhost` need none',
    }),
  ),
  TRAFFIC_GREETING: optional(
    text({ meaning: 'text that the traffic generator prints once the service answers' }),
  ),
} as const;
