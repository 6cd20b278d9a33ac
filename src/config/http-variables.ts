import { duration, hostNames, oneOf, optional, proxies, text, wholeNumber } from './environment.ts';

/** The variables of the two listeners. variables.ts puts them into their places in the documentation. */

export const listenerVariables = {
  HOST: text({
    default: '127.0.0.1',
    meaning: 'address that the API listens on; of a name, such as `localhost`, the first address',
  }),
  PORT: wholeNumber(0, 65_535, { default: '7070', meaning: 'port of the API; 0 picks a free one' }),
  ADMIN_HOST: text({
    default: '127.0.0.1',
    meaning: 'address that the admin listener (health, metrics, status) listens on',
  }),
  ADMIN_PORT: wholeNumber(0, 65_535, {
    default: '7071',
    meaning: 'port of the admin listener; 0 picks a free one',
  }),
  AGENT_PORT: optional(
    wholeNumber(1, 65_535, {
      meaning:
        'port on ADMIN_HOST that answers the agent check of HAProxy with the state of this instance and how many requests it takes at a time; without it, none does',
    }),
  ),
  ADMIN_ALLOWED_HOSTS: optional(
    hostNames({
      meaning:
        'names under which the admin listener answers, comma-separated, such as `shop` or `*.svc.cluster.local`; IP addresses and `localhost` need none',
    }),
  ),
} as const;

export const proxyVariables = {
  TRUST_PROXY: optional(
    proxies({
      meaning:
        'proxies whose reports on the client are trusted: their addresses, such as `10.0.0.0/8`, or their number if no client can bypass them; without it, none is',
    }),
  ),
  TRUST_PROXY_HEADER: oneOf(['x-forwarded-for', 'forwarded'], {
    default: 'x-forwarded-for',
    meaning:
      'header in which the proxies of TRUST_PROXY write the address of the client: `x-forwarded-for`, or `forwarded` of RFC 7239; the other one is not read',
  }),
} as const;

/** What one client may send and use. */
export const connectionVariables = {
  BODY_LIMIT_BYTES: wholeNumber(1024, 10_485_760, {
    default: '65536',
    meaning: 'largest request body; a larger one gets 413',
  }),
  HTTP_HEADERS_TIMEOUT: duration({
    default: '10s',
    meaning: 'longest time to send the headers of a request; a slower client gets 408',
  }),
  HTTP_REQUEST_TIMEOUT: duration({
    default: '30s',
    meaning: 'longest time to send a whole request; not shorter than HTTP_HEADERS_TIMEOUT',
  }),
  HTTP_KEEP_ALIVE_TIMEOUT: duration({
    default: '72s',
    meaning: 'time until an idle connection is closed; longer than the idle timeout of the load balancer',
  }),
  HTTP_SEND_TIMEOUT: duration({
    default: '1m',
    meaning: 'time until a client that reads nothing of its answer is cut off',
  }),
  HTTP_MAX_HEADER_BYTES: wholeNumber(1024, 1_048_576, {
    default: '16384',
    meaning: 'largest request line and headers together; larger ones get 431',
  }),
  HTTP_MAX_HEADERS: wholeNumber(10, 10_000, {
    default: '100',
    meaning: 'most headers of a request; more get 431',
  }),
  HTTP_MAX_CONNECTIONS: wholeNumber(1, 1_000_000, {
    default: '2000',
    meaning: 'largest number of connections to the API; further ones are closed at once',
  }),
} as const;
