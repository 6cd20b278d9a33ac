import type { DevConfig } from './config.ts';
import type { Gateway } from './dependencies.ts';

/** What the service connects to, by the variable that says so. */
type Addresses = Readonly<Record<'DATABASE_URL' | 'PAYMENT_GATEWAY_URL' | 'REDIS_URL', string | undefined>>;

/** Of the protocols that bytes can be passed on of, without being part of them. */
const defaultPorts: Readonly<Record<string, string>> = {
  'postgres:': '5432',
  'postgresql:': '5432',
  'http:': '80',
  'redis:': '6379',
};

/** The names that the experiments of lab/chaos have for them. */
const names = { DATABASE_URL: 'postgres', PAYMENT_GATEWAY_URL: 'gateway', REDIS_URL: 'redis' } as const;

/**
 * The same addresses with a wire in between, which the simulator can break. Nobody else goes that way: what breaks it
 * for the service is to leave the rest as it is.
 *
 * An encrypted connection keeps its own address, because certificates are for names; so does whatever is no address of
 * a host and a port.
 *
 * @throws {StartupError} where the simulator has ended
 */
export async function throughNetwork(
  { inherited }: Pick<DevConfig, 'inherited'>,
  gateway: Gateway,
  addresses: Addresses,
): Promise<Addresses> {
  if (gateway.connect === undefined) return addresses;
  const wired = new Map<keyof Addresses, URL>();
  for (const variable of ['DATABASE_URL', 'PAYMENT_GATEWAY_URL', 'REDIS_URL'] as const) {
    // What libpq reads says it for every address of a Postgres.
    const isEncrypted = variable === 'DATABASE_URL' && (inherited['PGSSLMODE'] ?? 'disable') !== 'disable';
    const url = isEncrypted ? undefined : plainAddress(addresses[variable]);
    if (url !== undefined) wired.set(variable, url);
  }
  // Without user and password: whoever passes bytes on has no need to know.
  const upstreams = Object.fromEntries(
    [...wired].map(([variable, { hostname, port, protocol }]) => [
      names[variable],
      `tcp://${hostname}:${port || defaultPorts[protocol]}`,
    ]),
  );
  const network = await gateway.connect(upstreams);
  const result = { ...addresses };
  for (const [variable, url] of wired) {
    const proxy = network[names[variable]];
    if (typeof proxy !== 'string') continue;
    url.host = proxy;
    result[variable] = url.href;
  }
  return result;
}

/** `undefined` where it is to be left as it is. */
function plainAddress(address: string | undefined): URL | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (!(url.protocol in defaultPorts) || url.hostname === '') return undefined;
  // Of Postgres: TLS, or another host than the one in its place.
  const elsewhere = [...url.searchParams.keys()].some((name) => name.startsWith('ssl') || name === 'host');
  return elsewhere ? undefined : url;
}
