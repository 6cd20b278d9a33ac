import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.ts';
import { secondsUntilEnd, type WindowLimit, type WindowUse } from './window-limit.ts';

/** The content of the header `Authorization`: no key, an unknown key, or the key of a client. */
export type Credentials = { kind: 'missing' } | { kind: 'unknown' } | { kind: 'known'; client: string };

export type Verdict =
  | { kind: 'accepted'; client: string }
  | { kind: 'refused'; reason: 'missing' | 'unknown' }
  /** `retryAfter` is in seconds. */
  | { kind: 'throttled'; retryAfter: number };

export interface AuthLimits {
  /** Wrong keys, per address. */
  failures: WindowLimit;
  /** Requests without a valid key, per address, including those to routes that require none. */
  addresses: WindowLimit;
}

/** Addresses whose authenticated clients are remembered. */
const mostAddresses = 10_000;

/**
 * Throttles the guessing of keys in two steps. Clients behind one address may be strangers, so one of them must not be
 * able to lock out the others.
 *
 * 1. After a few wrong keys from an address, further ones get 429 instead of 401. A valid key still works: a comparison
 *    is cheap and takes the same time for every key.
 * 2. After many requests without a valid key, which is a flood, only clients that have authenticated from that address
 *    before are accepted. This bounds how many keys an attacker can try. It locks out a client that is new at this
 *    address until the flood or the window ends; other clients do not notice.
 *
 * Each replica counts on its own: a shared count would cost a round trip per wrong key.
 */
export function createAuthThrottle(
  { failures, addresses }: AuthLimits,
  onBruteForce: (event: { address: string; failures: number }) => void,
): (request: FastifyRequest, credentials: Credentials) => Verdict {
  /** By address: the clients that have authenticated from it. */
  const acceptedFrom = new Map<string, Set<string>>();

  function remember(ip: string, client: string): void {
    const clients = acceptedFrom.get(ip);
    if (clients !== undefined) {
      clients.add(client);
      return;
    }
    const [oldest] = acceptedFrom.keys();
    if (oldest !== undefined && acceptedFrom.size >= mostAddresses) acceptedFrom.delete(oldest);
    acceptedFrom.set(ip, new Set([client]));
  }

  function useOfFailures(address: string): WindowUse {
    const before = failures.peek(address);
    const use = failures.add(address);
    // Only the failure that crosses the limit reports, so there is one report per window.
    if (use.over && !before.over) onBruteForce({ address, failures: use.count });
    return use;
  }

  return (request, credentials) => {
    const { ip } = request;
    if (credentials.kind === 'known' && acceptedFrom.get(ip)?.has(credentials.client)) {
      return { kind: 'accepted', client: credentials.client };
    }
    const address = clientAddress(request);
    if (credentials.kind === 'known' && !addresses.peek(address).over) {
      remember(ip, credentials.client);
      return { kind: 'accepted', client: credentials.client };
    }
    const uses = [addresses.add(address)];
    if (credentials.kind === 'unknown') uses.push(useOfFailures(address));
    const retryAfter = Math.max(0, ...uses.filter(({ over }) => over).map(secondsUntilEnd));
    if (credentials.kind === 'known') return { kind: 'throttled', retryAfter: Math.max(1, retryAfter) };
    return retryAfter > 0 ? { kind: 'throttled', retryAfter } : { kind: 'refused', reason: credentials.kind };
  };
}
