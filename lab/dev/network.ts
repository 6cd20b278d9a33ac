import { existsSync } from 'node:fs';
import path from 'node:path';
import type { DevConfig } from './config.ts';
import type { Gateway } from './dependencies.ts';

/** Addresses of the dependencies, by variable. */
type Addresses = Readonly<Record<'DATABASE_URL' | 'PAYMENT_GATEWAY_URL' | 'REDIS_URL', string | undefined>>;

/** Default ports of the protocols that a TCP proxy can forward unchanged. */
const defaultPorts: Readonly<Record<string, string>> = {
  'postgres:': '5432',
  'postgresql:': '5432',
  'http:': '80',
  'redis:': '6379',
};

/** Names of the dependencies, the same as in the experiments of lab/chaos. */
const names = { DATABASE_URL: 'postgres', PAYMENT_GATEWAY_URL: 'gateway', REDIS_URL: 'redis' } as const;

/**
 * Puts a proxy of the simulator in front of each address. Only the service uses the proxies, so a network fault affects
 * nothing else.
 *
 * An encrypted connection keeps its own address, because its certificate is for that name, and so does one whose password is in
 * a file under that name. So does every address without a host and a port, such as a Unix socket.
 *
 * @throws {StartupError} if the simulator has ended
 */
export async function throughNetwork(
  { inherited }: Pick<DevConfig, 'inherited'>,
  gateway: Gateway,
  addresses: Addresses,
): Promise<Addresses> {
  if (gateway.connect === undefined) return addresses;
  const proxied = new Map<keyof Addresses, URL>();
  for (const variable of ['DATABASE_URL', 'PAYMENT_GATEWAY_URL', 'REDIS_URL'] as const) {
    // libpq's variables apply to every Postgres address.
    const isEncrypted = variable === 'DATABASE_URL' && asksForTls(inherited);
    const url = isEncrypted ? undefined : plainAddress(addresses[variable]);
    if (variable === 'DATABASE_URL' && url !== undefined && readsPassword(url, inherited)) continue;
    if (url !== undefined) proxied.set(variable, url);
  }
  // Without user and password, which a proxy does not need.
  const upstreams = Object.fromEntries(
    [...proxied].map(([variable, { hostname, port, protocol }]) => [
      names[variable],
      `tcp://${hostname}:${port || defaultPorts[protocol]}`,
    ]),
  );
  const network = await gateway.connect(upstreams);
  const result = { ...addresses };
  for (const [variable, url] of proxied) {
    const proxy = network[names[variable]];
    if (typeof proxy !== 'string') continue;
    url.host = proxy;
    result[variable] = url.href;
  }
  return result;
}

function asksForTls({ PGSSLMODE, PGSSLROOTCERT }: DevConfig['inherited']): boolean {
  return (PGSSLMODE ?? (PGSSLROOTCERT === 'system' ? 'verify-full' : 'disable')) !== 'disable';
}

/** Whether the password file is asked, by host and port, as there is no other password. */
function readsPassword(url: URL, { PGPASSWORD, PGPASSFILE, HOME = '' }: DevConfig['inherited']): boolean {
  if (url.password !== '' || url.searchParams.has('password') || PGPASSWORD !== undefined) return false;
  return existsSync(PGPASSFILE ?? path.join(HOME, '.pgpass'));
}

/** @returns `undefined` for an address that must stay unchanged */
function plainAddress(address: string | undefined): URL | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  // One proxy cannot stand for several hosts, nor for the folder of a Unix socket, which is percent-encoded.
  if (!(url.protocol in defaultPorts) || /^$|[,%]/.test(url.hostname)) return undefined;
  // Postgres parameters for TLS, or for a host or a port other than the URL's own.
  const elsewhere = [...url.searchParams.keys()].some((name) => /^(?:ssl|host$|port$)/.test(name));
  return elsewhere ? undefined : url;
}
