import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.ts';
import { secondsUntilEnd, type WindowLimit, type WindowUse } from './window-limit.ts';

/** What was found in the header `Authorization`: nothing, a key of nobody, or that of a client. */
export type Credentials = { kind: 'missing' } | { kind: 'unknown' } | { kind: 'known'; client: string };

export type Verdict =
  | { kind: 'let_in'; client: string }
  | { kind: 'refused'; reason: 'missing' | 'unknown' }
  /** Seconds after which the address may try again. */
  | { kind: 'throttled'; retryAfter: number };

export interface AuthLimits {
  /** Wrong keys per address. */
  failures: WindowLimit;
  /** Requests without a valid key per address, those of routes that need none among them. */
  addresses: WindowLimit;
}

/** Addresses that are remembered for the clients that were let in from there. */
const mostAddresses = 10_000;

/**
 * Guessing keys, in two steps. Clients behind one address do not know each other, so none is to be locked out by what
 * another one tries.
 *
 * 1. After a few wrong keys, further ones from that address get 429 instead of 401. A valid key is let in as ever:
 *    comparing costs next to nothing and takes the same time for all keys.
 * 2. After many requests without a valid key, which is a flood, only clients that were let in from that address before
 *    are let in. This is what bounds how many keys can be tried. It keeps a client out that is new at this address, until
 *    the window ends or the flood does; all others do not notice.
 *
 * Each replica counts for itself: sharing it would have every wrong key cost a round trip.
 */
export function createAuthThrottle(
  { failures, addresses }: AuthLimits,
  onBruteForce: (event: { address: string; failures: number }) => void,
): (request: FastifyRequest, credentials: Credentials) => Verdict {
  const letIn = new Map<string, Set<string>>();

  function remember(ip: string, client: string): void {
    const clients = letIn.get(ip);
    if (clients !== undefined) {
      clients.add(client);
      return;
    }
    const [oldest] = letIn.keys();
    if (oldest !== undefined && letIn.size >= mostAddresses) letIn.delete(oldest);
    letIn.set(ip, new Set([client]));
  }

  function useOfFailures(address: string): WindowUse {
    const before = failures.look(address);
    const use = failures.add(address);
    // Told once per window: with the failure that went over.
    if (use.over && !before.over) onBruteForce({ address, failures: use.count });
    return use;
  }

  return (request, credentials) => {
    const { ip } = request;
    if (credentials.kind === 'known' && letIn.get(ip)?.has(credentials.client)) {
      return { kind: 'let_in', client: credentials.client };
    }
    const address = clientAddress(request);
    if (credentials.kind === 'known' && !addresses.look(address).over) {
      remember(ip, credentials.client);
      return { kind: 'let_in', client: credentials.client };
    }
    const uses = [addresses.add(address)];
    if (credentials.kind === 'unknown') uses.push(useOfFailures(address));
    const retryAfter = Math.max(0, ...uses.filter(({ over }) => over).map(secondsUntilEnd));
    if (credentials.kind === 'known') return { kind: 'throttled', retryAfter: Math.max(1, retryAfter) };
    return retryAfter > 0 ? { kind: 'throttled', retryAfter } : { kind: 'refused', reason: credentials.kind };
  };
}
