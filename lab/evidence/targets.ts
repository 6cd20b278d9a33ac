import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { HostAndPort } from './variables.ts';

/** Finds the admin listener of an alert. */
export interface Targets {
  /** `address:port` of every configured listener, sorted. A name that does not resolve has none. */
  all(): Promise<string[]>;
  /** The `address:port` that the label `instance` of an alert stands for; `undefined` if it is none of those configured. */
  find(instance: string): Promise<string | undefined>;
}

/** Replicas behind one name. */
const mostAddresses = 100;

/**
 * An alert says which replica it is about, and anybody who reaches the webhook can write one. So its label is only ever
 * compared: with the configured names, and with the addresses that they have now. What is called is the address, so that a
 * second look at the name cannot lead elsewhere.
 */
export function createTargets(configured: readonly HostAndPort[], resolve = addressesOf): Targets {
  async function resolved(): Promise<Array<{ name: string; addresses: string[] }>> {
    return Promise.all(
      configured.map(async ({ host, port }) => {
        const addresses = isIP(host) === 0 ? await resolve(host).catch(() => []) : [host];
        return {
          name: joined(host, port),
          addresses: addresses.slice(0, mostAddresses).map((address) => joined(address, port)),
        };
      }),
    );
  }

  return {
    all: async () => [...new Set((await resolved()).flatMap(({ addresses }) => addresses))].toSorted(),
    async find(instance) {
      const wanted = instance.toLowerCase();
      for (const { name, addresses } of await resolved()) {
        if (addresses.includes(wanted)) return wanted;
        if (name === wanted) return addresses[0];
      }
      return undefined;
    },
  };
}

async function addressesOf(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function joined(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
