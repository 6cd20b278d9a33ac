import { optional, text, urls, wholeNumber } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';

/** Everything that the traffic generator reads. */
export const trafficVariables = {
  HOST: { ...variables.HOST, meaning: 'address of the control port' },
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
